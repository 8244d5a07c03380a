"""The exercises of lesson 01, pretrained networks -> right, or what is off."""

from collections.abc import Iterator

from tllib import backbones
from tllib.classroom.checks.checking import check, hints

import keras
import numpy as np

CATS = ("tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat")
GREY = 128
VGG_MEAN = np.array([103.939, 116.779, 123.68])  # blue, green, red


@check("Exercise 1")
def tenth(picture: np.ndarray, cat: np.ndarray, network: keras.Model) -> Iterator[str]:
    """At most a tenth of the cat's pixels, the rest grey, and still a cat to the network."""
    picture = np.asarray(picture)
    if picture.shape != cat.shape:
        yield f"the picture should be as large as the cat, {cat.shape}, it is {picture.shape}. Begin with a grey one."
    if picture.max() <= 1.5:
        yield "pixels go from 0 to 255 here."
    kept = (picture != GREY).any(axis=-1)
    foreign = kept & (picture != cat).any(axis=-1)
    if foreign.any():
        yield f"{foreign.sum():,} pixels are neither grey ({GREY}) nor what the cat has at the same place."
    if not kept.any():
        yield "nothing is left of the cat."
    if kept.mean() > 0.1:
        yield f"{kept.mean():.1%} of the pixels are left, at most 10 % are allowed."
    found = backbones.predict_proba(network, picture)[0]
    cats = sum(found[backbones.class_index(name)] for name in CATS)
    side, (top, left) = min(kept.shape), np.subtract(kept.shape, min(kept.shape)) // 2
    unseen = 1 - kept[top:top + side, left:left + side].sum() / kept.sum()
    if cats < 0.8 and unseen > 0.2:
        yield f"{unseen:.0%} of what is left lies outside the middle square, and the network sees nothing else."
    if cats < 0.8:
        yield (f"its first word is {backbones.class_names()[found.argmax()]!r}, and the five cats together get "
               f"{cats:.2f}; 0.80 is asked for. What does a cat have that nothing else has?")


@check("Exercise 2")
def undone(picture: np.ndarray, prepared: np.ndarray) -> Iterator[str]:
    """A picture that was made ready for VGG, back in 0 to 255, red first."""
    picture = np.asarray(picture)
    if picture.shape not in (prepared.shape, (1, *prepared.shape)):
        yield f"the shape should stay {prepared.shape}, this is {picture.shape}."
    picture = picture.reshape(prepared.shape).astype("float64")
    added = prepared + VGG_MEAN
    off = np.abs(picture - added[..., ::-1])
    if off.max() <= 1.01:  # rounding is fine, and so is cutting off
        return
    yield from hints(
        picture, (prepared, "this is still what came."),
        (added, "the brightness is right, the colours are not: what does the last axis hold, in which order?"),
        (prepared[..., ::-1], "the channels are in order; what was taken away from them is missing still."),
        (prepared[..., ::-1] + VGG_MEAN, "red got the mean of blue, and blue that of red."),
        (added[:, ::-1, ::-1], "the mirror is undone as well. The photo was to stay mirrored."),
        (added[:, ::-1], "you turned left and right. The colours are in another axis."),
        (added[::-1], "you turned it upside down. The colours are in another axis."), rtol=0, atol=1.01)
    if picture.max() <= 1.5:
        yield "pixels go from 0 to 255 here, the scaling is inside the networks."
    if picture.min() < -1:
        yield f"there are values down to {picture.min():.0f}, and no pixel is below 0."
    yield (f"values are off by up to {off.max():.0f} grey levels, by {off.mean():.0f} on average. "
           "Which two things were done to the picture, and in which order are they undone?")


@check("Exercise 3")
def cosines(table: np.ndarray, features: np.ndarray) -> Iterator[str]:
    """The cosine of every pair of rows."""
    table, count = np.asarray(table), len(features)
    if table.shape != (count, count):
        yield f"a number for each of {count} × {count} pairs is asked for, this has the shape {table.shape}."
    products, lengths = features @ features.T, np.linalg.norm(features, axis=1)
    expected = products / np.outer(lengths, lengths)
    if np.allclose(table, expected, atol=2e-3):
        return
    one_length = "you divided by the length of one of the two."
    yield from hints(
        table, (products, "these are the products. A row of twice the length would count twice."),
        (products / lengths, one_length), (products / lengths[:, None], one_length),
        (1 - expected, "a photo and itself get 0: these are distances. The cosine is 1 for the same direction."),
        (np.arccos(np.clip(expected, -1, 1)), "these are the angles, not their cosines."),
        (np.corrcoef(features), "close. The mean of each row was taken away first: these are correlations."), atol=2e-3)
    if not np.allclose(np.diag(table), 1, atol=2e-3):
        yield "a photo is as like itself as can be. What number is that, and what does the diagonal say?"
    if not np.allclose(table, table.T, atol=2e-3):
        yield "the dog is as like the cat as the cat is like the dog, but here it makes a difference."
    yield "not yet. Are these the features (not the pixels), each with each, in the order of `photos`?"


@check("Exercise 4")
def largest_layer(weights: int) -> Iterator[str]:
    """How many weights the first dense layer of VGG-16 has."""
    if isinstance(weights, str) or not np.isscalar(weights):
        yield "one number is asked for."
    if weights == (7 * 7 * 512 + 1) * 4096:
        return
    for (inputs, outputs), hint in {
            (7 * 7 * 512, 4096): "nearly: that joins every input to every output. What else does a dense layer add?",
            (512, 4096): "that takes 512 inputs. Are the maps averaged here, or is each cell an input of its own?",
            (7 * 7, 4096): "that takes a single map. How many are there?",
            (3 * 3 * 512, 512): "that is a convolution. The largest layer comes after them.",
            (4096, 4096): "that is the second dense layer. What goes into the first?",
            (4096, 1000): "that is the last layer, the one for the 1000 names."}.items():
        if weights in (inputs * outputs, (inputs + 1) * outputs):
            yield hint
    if weights == 7 * 7 * 512:
        yield "that is how many numbers go in. Each of them is joined to every output."
    if 102 < weights < 103.5:
        yield "about that, in millions. The exact number, please."
    yield f"{weights:,} is not it. How many numbers go in, how many come out, and which of them are joined?"
