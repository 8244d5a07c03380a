"""Free photos -> EfficientNet-Lite0 that is hard to fool: what tllib ships as `efficientnet_lite0_robust`.

    python benchmarks/robust_lite0.py list FOLDER ...                 # writes the list of photos beside this script
    python benchmarks/robust_lite0.py train FOLDER ... --work WORK    # goes on where it stopped; hours on two cores
    python benchmarks/robust_lite0.py export --work WORK              # writes the file that tllib ships

No photo needs a label. Lite0 is the teacher and stays as it is; the pupil begins as a copy of it, is shown each picture
with a change that was made to mislead it, and learns to give the answer that the teacher gives without the change. The
top stays Lite0's, and so do BatchNorm's statistics: each BatchNorm is folded into the convolution before it, to save
time. Layers up to block 10 alone, a fifth of the numbers, learn much more slowly: after 100 steps KL was 6.0, not 4.3.
Pictures grow: small ones are cheap, but who saw only these is unsure about 224 pixels, the size that Lite0 takes. The
file that ships took 3,000 steps, some two hours of two cores, not all by one plan: 800 of 128 pixels and 750 that
grew to 224, with norms up to 1.5 and rates that fell to 0; then the second half of the plan below.

The photos don't come with the project. The list names each with its source, licence and SHA-256; whichever of them lie
below the folders given are used, whatever they are called there. Those that a lot held out are for judging only.

Source: Hinton et al., arXiv:1503.02531 (distillation); Madry et al., arXiv:1706.06083 (learning from changes made to
mislead); Wong et al., arXiv:2001.03994 (one step from a random start); Schlarmann et al., arXiv:2402.12336 (no labels).
"""

import argparse
import csv
import hashlib
import html
import math
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

from tllib import backbones, images
from tllib.files import replacing

import cv2
import keras
import numpy as np
import tensorflow as tf

LIST = Path(__file__).with_name("robust_lite0_photos.tsv")
SHIPPED = Path(__file__).parents[1] / "tllib/backbones/efficientnet_lite0_robust.npz"
PETS = "oxford_pets"
PETS_CREDIT = "CC BY-SA 4.0; Parkhi, Vedaldi, Zisserman, Jawahar; copyright remains with the owners of the images"
HELD_OUT = 150  # of the free photos
HELD_OUT_A_BREED = 2  # of the pets
STORED = 224  # shorter side of a stored photo, in pixels
LEARNING = re.compile(r"(?!fc/).*/(kernel|gamma|beta)")  # paths of weights that learn
STEPS = 3000
BATCH = 16
SIZES = ((0.5, 128), (0.7, 160), (1.0, 224))  # up to which share of the steps pictures have how many pixels
FIRST_EPSILON = 0.45  # largest L2 norm of a change, at 160 pixels that count 0 to 1
EPSILON = 1.25  # the same, from a quarter of the steps onwards
LEAST_SHARE = 0.2  # each picture's own norm is at least this share of the largest
RATE = 3e-4
WARM_UP = 100  # steps
CLIP = 5.0  # largest norm of all slopes of a step
KEEP_EVERY = 100  # steps


def files_below(folders: Sequence[str]) -> list[Path]:
    """All JPEG files below some folders, by name."""
    return sorted(file for folder in folders for file in Path(folder).rglob("*.jpg"))


def sha256(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def credits_of(folder: Path) -> dict[str, str]:
    """What a folder's CREDITS.tsv says of each of its files."""
    lines = html.unescape((folder / "CREDITS.tsv").read_text(encoding="utf-8")).splitlines()
    return dict(line.split("\t", 1) for line in lines if "\t" in line)


def write_list(folders: Sequence[str]) -> None:
    """Write the list of photos, and by lot which of them are held out."""
    photos, breeds = [], defaultdict(list)
    for file in files_below(folders):
        pet = file.parent.name == "images"
        source = PETS if pet else file.parent.name
        credit = PETS_CREDIT if pet else credits_of(file.parent)[file.name]
        photos.append([f"{source}/{file.name}", sha256(file), "train", credit])
        breeds[file.name.rsplit("_", 1)[0] if pet else ""].append(len(photos) - 1)
    random = np.random.default_rng(0)
    for breed in sorted(breeds):
        for number in random.permutation(breeds[breed])[:HELD_OUT_A_BREED if breed else HELD_OUT]:
            photos[number][2] = "held out"
    with replacing(LIST) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        table.writerows([["photo", "sha256", "part", "credit"], *photos])
    print(f"{LIST}: {len(photos):,} photos, {sum(photo[2] == 'held out' for photo in photos)} of them held out")


def listed(part: str, folders: Sequence[str]) -> list[Path]:
    """The photos of one part, "train" or "held out", wherever they lie below the folders, in the order of the list.

    Raises:
        FileNotFoundError: one of them is not there.
    """
    with open(LIST, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    here = {sha256(file): file for file in files_below(folders)}
    wanted = [row for row in rows if row["part"] == part]
    if missing := [row["photo"] for row in wanted if row["sha256"] not in here]:
        raise FileNotFoundError(f"{len(missing)} of {len(wanted)} photos are in none of the folders: {missing[:3]} …")
    return [here[row["sha256"]] for row in wanted]


def stored_photos(folders: Sequence[str], work: Path) -> list[np.ndarray]:
    """The photos to learn from, decoded and scaled once: views of a file in `work`."""
    pixels, shapes = work / "photos.uint8", work / "photos.npy"
    if not shapes.is_file():
        found = []
        with open(pixels, "wb") as file:
            for path in listed("train", folders):
                photo = images.load(path)
                scale = STORED / min(photo.shape[:2])
                size = [max(STORED, round(scale * side)) for side in photo.shape[1::-1]]
                photo = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
                found.append(photo.shape)
                file.write(photo.tobytes())
        np.save(shapes, found)
    shapes, flat = np.load(shapes), np.memmap(pixels, mode="r")
    ends = shapes.prod(axis=1).cumsum()
    return [flat[end - shape.prod():end].reshape(shape) for end, shape in zip(ends, shapes, strict=True)]


def batch(photos: Sequence[np.ndarray], size: int, random: np.random.Generator) -> np.ndarray:
    """Squares cut out of random photos, mirrored or not; in a third of batches each is mixed with another."""
    pictures = np.empty((BATCH, size, size, 3), "float32")
    for picture in pictures:
        photo = photos[random.integers(len(photos))]
        side = int(STORED * math.sqrt(random.uniform(0.35, 1)))
        top, left = (random.integers(length - side + 1) for length in photo.shape[:2])
        square = photo[top:top + side, left:left + side, :][:, ::random.choice([-1, 1])]
        picture[:] = cv2.resize(np.ascontiguousarray(square), (size, size), interpolation=cv2.INTER_AREA)
    if random.random() < 1 / 3:
        share = random.uniform(0.5, 1, (BATCH, 1, 1, 1)).astype("float32")
        pictures = share * pictures + (1 - share) * pictures[::-1]
    return pictures


def logits_of(network: keras.Model, pictures: tf.Tensor) -> tf.Tensor:
    """Ask Lite0 about pictures of any size, each BatchNorm folded into the convolution before it."""
    values = {id(network.input): pictures}
    norms = {id(layer.input): layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)}
    for layer in network.layers[1:]:
        if layer in norms.values():
            continue
        inputs = [values[id(tensor)] for tensor in keras.tree.flatten(layer.input)]
        if id(layer.output) in norms:
            norm = norms[id(layer.output)]
            values[id(norm.output)] = normed_convolution(layer, norm, inputs[0])
        elif isinstance(layer, keras.layers.ReLU):
            values[id(layer.output)] = tf.nn.relu6(inputs[0])
        else:
            values[id(layer.output)] = layer(inputs if len(inputs) > 1 else inputs[0])
    return values[id(network.output)]


def normed_convolution(convolution: keras.Layer, norm: keras.Layer, maps: tf.Tensor) -> tf.Tensor:
    """A convolution and the BatchNorm after it, whose statistics are fixed, as one convolution."""
    scale = norm.gamma * tf.math.rsqrt(norm.moving_variance + norm.epsilon)
    strides = [1, *convolution.strides, 1]
    if isinstance(convolution, keras.layers.DepthwiseConv2D):
        maps = tf.nn.depthwise_conv2d(maps, convolution.kernel * scale[:, None], strides, "SAME")
    else:
        maps = tf.nn.conv2d(maps, convolution.kernel * scale, strides, "SAME")
    return tf.nn.bias_add(maps, norm.beta - norm.moving_mean * scale)


def divergence(teacher: tf.Tensor, pupil: tf.Tensor) -> tf.Tensor:
    """KL(teacher || pupil) of each pair of rows of logits."""
    difference = tf.nn.log_softmax(teacher) - tf.nn.log_softmax(pupil)
    return tf.reduce_sum(tf.nn.softmax(teacher) * difference, axis=-1)


def norms_of(changes: tf.Tensor) -> tf.Tensor:
    """L2 norm of each change `(n, h, w, 3)`, as `(n, 1, 1, 1)`."""
    return tf.sqrt(tf.reduce_sum(changes**2, axis=(1, 2, 3), keepdims=True) + 1e-12)


def misleading(pupil: keras.Model, pictures: tf.Tensor, answers: tf.Tensor, epsilon: tf.Tensor,
               seed: tf.Tensor) -> tf.Tensor:
    """Change pictures: by half a norm at random, then one step away from the answers, never beyond the norm.

    The norm is each picture's own, between a share of `epsilon` and the whole.
    """
    change = tf.random.stateless_normal(tf.shape(pictures), seed)
    epsilon *= tf.random.stateless_uniform([BATCH, 1, 1, 1], seed + 1, LEAST_SHARE)
    change *= 0.5 * epsilon / norms_of(change)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(change)
        loss = divergence(answers, logits_of(pupil, pictures + change))
    slope = tape.gradient(loss, change)
    change += epsilon * slope / norms_of(slope)
    change *= tf.minimum(1.0, epsilon / norms_of(change))
    return tf.clip_by_value(pictures + change, 0.0, 255.0)


def learning_step(teacher: keras.Model, pupil: keras.Model, optimizer: keras.Optimizer,
                  learning: Sequence[keras.Variable]) -> Callable:
    """A compiled function: pictures, epsilon in grey levels, seed -> one step of learning, and its loss."""
    @tf.function(jit_compile=False, autograph=False)
    def step(pictures, epsilon, seed):
        answers = logits_of(teacher, pictures)
        changed = misleading(pupil, pictures, answers, epsilon, seed)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in learning])
            loss = tf.reduce_mean(divergence(answers, logits_of(pupil, changed)))
        slopes = tape.gradient(loss, [variable.value for variable in learning])
        slopes, _ = tf.clip_by_global_norm(slopes, CLIP)
        optimizer.apply_gradients(zip(slopes, learning, strict=True))
        return loss
    return step


def plan(step: int, steps: int) -> tuple[int, float, float]:
    """Size of the pictures, epsilon in grey levels, and learning rate of a step."""
    size = next(size for share, size in SIZES if step < share * steps)
    grown = min(1, 4 * step / steps)
    epsilon = 255 * size / 160 * (FIRST_EPSILON + (EPSILON - FIRST_EPSILON) * grown)
    rate = RATE * min(1, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))
    return size, epsilon, rate


def keep(path: Path, variables: Sequence[keras.Variable], step: int) -> None:
    """Write what is needed to go on from a step."""
    with replacing(path) as temporary:
        np.savez(temporary, step=step, **{f"{n:04d}": variable.numpy() for n, variable in enumerate(variables)})


def take_up(path: Path, variables: Sequence[keras.Variable]) -> int:
    """Set what `keep` wrote, if it did, and return the step from which to go on."""
    if not path.is_file():
        return 0
    with np.load(path) as kept:
        for n, variable in enumerate(variables):
            variable.assign(kept[f"{n:04d}"])
        return int(kept["step"])


def batches(photos: Sequence[np.ndarray], steps: Iterator[int], total: int, seed: int) -> Iterator[tuple]:
    """Each step with its pictures, the same whenever a run was stopped."""
    for step in steps:
        yield step, batch(photos, plan(step, total)[0], np.random.default_rng([seed, step]))


def train(folders: Sequence[str], work: Path, *, steps: int, seed: int, learning: re.Pattern = LEARNING) -> None:
    """Teach, or go on teaching, and print the mean loss of every 50 steps."""
    work.mkdir(parents=True, exist_ok=True)
    photos = stored_photos(folders, work)
    teacher, pupil = (backbones.load("efficientnet_lite0", top=True) for _ in range(2))
    variables = [variable for variable in pupil.variables if learning.fullmatch(variable.path)]
    optimizer = keras.optimizers.Adam(RATE)
    optimizer.build(variables)
    learn, state = learning_step(teacher, pupil, optimizer, variables), [*variables, *optimizer.variables]
    first = take_up(work / "state.npz", state)
    print(f"{len(photos):,} photos, {sum(math.prod(v.shape) for v in variables):,} numbers learn, from step {first}")
    losses, began = [], time.perf_counter()
    for step, pictures in batches(photos, range(first, steps), steps, seed):
        size, epsilon, optimizer.learning_rate = plan(step, steps)
        losses.append(float(learn(pictures, tf.constant(epsilon, tf.float32), tf.constant([seed, step]))))
        if (step + 1) % 50 == 0:
            seconds = (time.perf_counter() - began) / len(losses)
            print(f"step {step + 1:5d} of {steps}  {size} px  epsilon {epsilon / 255:.2f}  "
                  f"KL {np.mean(losses[-50:]):.3f}  {seconds:.2f} s a step", flush=True)
        if (step + 1) % KEEP_EVERY == 0 or step + 1 == steps:
            keep(work / "state.npz", state, step + 1)


def export(work: Path, target: Path) -> None:
    """Write what differs from Lite0, as float16, from the latest state of a run."""
    pupil = backbones.load("efficientnet_lite0", top=True)
    learned = [variable for variable in pupil.variables if LEARNING.fullmatch(variable.path)]
    step = take_up(work / "state.npz", learned)
    with replacing(target) as temporary:
        np.savez(temporary, **{variable.path: variable.numpy().astype("float16") for variable in learned})
    print(f"after {step} steps: {target}: {target.stat().st_size:,} bytes, SHA-256 {sha256(target)}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["list", "train", "export"])
    parser.add_argument("folders", nargs="*", help="where the photos lie")
    parser.add_argument("--work", type=Path, help="folder for the scaled photos and the state of the run")
    parser.add_argument("--steps", type=int, default=STEPS, help="of the whole plan")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", type=Path, default=SHIPPED)
    wanted = parser.parse_args()
    if wanted.what == "list":
        write_list(wanted.folders)
    elif wanted.what == "train":
        train(wanted.folders, wanted.work, steps=wanted.steps, seed=wanted.seed)
    else:
        export(wanted.work, wanted.target)


if __name__ == "__main__":
    main()
