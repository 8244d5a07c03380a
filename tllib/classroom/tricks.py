"""Two spirals of points, a deep network, one trick -> what it did to activations, gradients and the loss.

Everything here is small on purpose: a run takes a second or two on a laptop, so that each trick of lesson 06 can be
tried with it and without it. The networks are ordinary Keras models; nothing in them knows about pictures.
"""

from collections.abc import Sequence

from tllib.backbones import engine
from tllib.checking import check_count, check_kind, check_number

import keras
import numpy as np
from keras import layers, ops

Data = tuple[np.ndarray, np.ndarray]


def spirals(n: int = 600, *, turns: float = 1.5, noise: float = 0.05, flipped: float = 0.0, seed: int = 0) -> Data:
    """Draw points on two spirals that wind around each other: no straight line parts them.

    Args:
        n: how many points; half of them, rounded down, are of class 1.
        turns: how often each spiral winds around the centre. More are harder. Default 1.5.
        noise: spread of the points about their spiral. Default 0.05.
        flipped: share of the points that get the wrong label, 0 to 1. Default none.
        seed: the same seed, the same points.

    Returns:
        Points, float32 `(n, 2)`, roughly -1 to 1; labels, int `(n,)`, 0 or 1. In random order.

    Raises:
        ValueError: fewer than two points, a share outside of 0 to 1, or another number below 0.
    """
    check_count("n", n, least=2)
    check_number("turns", turns, least=0)
    check_number("noise", noise, least=0)
    check_number("flipped", flipped, least=0, most=1)
    check_count("seed", seed, least=0)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 2)
    radius = np.sqrt(rng.uniform(0.02, 1, n))
    angle = 2 * np.pi * turns * radius + np.pi * labels
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(0, noise, (n, 2))
    wrong = rng.permutation(n)[:round(flipped * n)]
    labels[wrong] = 1 - labels[wrong]
    return points.astype("float32"), labels


def network(depth: int = 4, width: int = 32, *, activation: str = "relu", initializer="he_normal",
            batch_norm: bool = False, dropout: float = 0.0, residual: bool = False, seed: int = 0) -> keras.Model:
    """Build a network of dense layers, points -> one logit: above 0 it says class 1.

    Args:
        depth: how many hidden layers.
        width: units in each of them.
        activation: of the hidden layers, a name that Keras knows: "relu", "tanh", "sigmoid", …
        initializer: of the hidden layers' weights: a name, such as "glorot_normal", or an object from
            `keras.initializers`. Biases begin at 0, and the weights of the output as Glorot has them.
        batch_norm: normalise between weights and activation.
        dropout: share of each hidden layer's outputs that is left out in training.
        residual: add what went into a hidden layer to what comes out of it (not for the first one, which changes the
            width).
        seed: of weights and dropout. Each layer draws its own.

    Source:
        Glorot and Bengio 2010; He et al. 2015 (both papers' initializers are Keras's own); He et al. 2016 (residual).
    """
    check_count("depth", depth)
    check_count("width", width)
    check_number("dropout", dropout, least=0, most=0.99)
    check_count("seed", seed, least=0)
    points = x = keras.Input((2,), name="points")
    for number in range(1, depth + 1):
        before, start = x, _seeded(initializer, 1000 * seed + number)
        x = layers.Dense(width, kernel_initializer=start, name=f"dense_{number}")(x)
        if batch_norm:
            x = layers.BatchNormalization(momentum=0.9, name=f"norm_{number}")(x)
        x = layers.Activation(activation, name=f"hidden_{number}")(x)
        if dropout:
            x = layers.Dropout(dropout, seed=1000 * seed + number, name=f"dropout_{number}")(x)
        if residual and number > 1:
            x = layers.Add(name=f"sum_{number}")([before, x])
    logit = layers.Dense(1, kernel_initializer=_seeded("glorot_uniform", 1000 * seed), name="logit")(x)
    return keras.Model(points, logit)


def train(model: keras.Model, learn: Data, check: Data, *, optimizer="adam", steps: int = 300, batch: int = 100,
          every: int = 10, keep_best: bool = False, seed: int = 0) -> dict[str, np.ndarray]:
    """Train a network step by step, without a word: what `fit` does, measured more often than once an epoch.

    Args:
        model: from `network`. It is changed.
        learn: points and labels to learn from.
        check: points and labels only to measure by.
        optimizer: a name, or an optimizer of Keras that no other run has used. With `use_ema=True` it is the averaged
            weights that are measured, and kept at the end.
        steps: how many batches. Default 300.
        batch: points in a batch, drawn anew each time all have been seen. Default 100, or all, if there are fewer.
        every: how many steps from one measurement to the next. Default 10.
        keep_best: end with the weights that were measured to have the lowest loss on `check`: early stopping.
        seed: of the order of the points.

    Returns:
        "step", and measured after that many steps, with nothing left out at random: "loss" and "accuracy" on all of
        `learn`, "val_loss" and "val_accuracy" on `check`. A loss that exploded is infinite or not a number; where the
        network answers NaN, so is the accuracy.
    """
    engine.check_network(model)
    check_count("steps", steps)
    check_count("batch", batch)
    check_count("every", every)
    check_count("seed", seed, least=0)
    keras.utils.set_random_seed(seed)
    model.compile(optimizer, keras.losses.BinaryCrossentropy(from_logits=True))
    model.optimizer.build(model.trainable_variables)  # or TensorFlow would trace the first step twice
    rng, order, rows, best = np.random.default_rng(seed), np.array([], int), [], (np.inf, model.get_weights())
    for step in range(1, steps + 1):
        if len(order) < min(batch, len(learn[1])):
            order = rng.permutation(len(learn[1]))
        chosen, order = order[:batch], order[batch:]
        model.train_on_batch(learn[0][chosen], learn[1][chosen])
        if step % every == 0 or step == steps:
            latest = model.get_weights() if model.optimizer.use_ema else None
            if latest:
                model.optimizer.finalize_variable_values(model.trainable_variables)
            rows.append([step, *measure(model, learn), *measure(model, check)])
            if keep_best and rows[-1][3] < best[0]:
                best = rows[-1][3], model.get_weights()
            if latest and step < steps:
                model.set_weights(latest)
    if keep_best:
        model.set_weights(best[1])
    return dict(zip(("step", "loss", "accuracy", "val_loss", "val_accuracy"), np.array(rows).T, strict=True))


def measure(model: keras.Model, data: Data) -> tuple[float, float]:
    """Give a network's loss (cross-entropy, in nats; guessing costs 0.69) and its accuracy (0 to 1) on points.

    A network that answers NaN names no class: both are NaN then.
    """
    engine.check_network(model)
    points, labels = data
    logits = np.asarray(model.predict_on_batch(points), "float64")[:, 0]
    with np.errstate(invalid="ignore"):  # a loss that exploded is a result here
        loss = np.logaddexp(0, logits) - labels * logits
    accuracy = np.nan if np.isnan(logits).any() else ((logits > 0) == labels).mean()
    return float(loss.mean()), float(accuracy)


def activation_spread(model: keras.Model, points: np.ndarray) -> np.ndarray:
    """Measure the standard deviation of what each hidden layer puts out, over all points and units, `(depth,)`."""
    engine.check_network(model)
    check_kind("points", points, np.ndarray, "tricks.spirals gives points (n, 2).")
    hidden = [layer.output for layer in model.layers if layer.name.startswith("hidden_")]
    return np.array([ops.convert_to_numpy(values).std() for values in keras.Model(model.input, hidden)(points)])


def gradient_norms(model: keras.Model, data: Data) -> np.ndarray:
    """Measure how long the gradient of the loss is for the weights of each dense layer, the output last.

    The network stays as it is. A layer's weights here are its matrix, without the biases.

    Args:
        model: from `network`.
        data: points and labels; the loss is the mean over all of them.

    Returns:
        Euclidean norms, `(depth + 1,)`.
    """
    engine.check_network(model)
    weights, others = model.trainable_variables, [variable.value for variable in model.non_trainable_variables]

    def loss(values, points, labels):
        logits, _ = model.stateless_call(values, others, points, training=True)
        return ops.mean(ops.binary_crossentropy(labels, logits[:, 0], from_logits=True)), logits

    slopes, _ = engine.gradient(loss)([weight.value for weight in weights], data[0], data[1].astype("float32"))
    kernels = [slope for weight, slope in zip(weights, slopes, strict=True) if weight.name == "kernel"]
    return np.array([np.linalg.norm(kernel) for kernel in kernels])


def step_lengths(optimizer: keras.optimizers.Optimizer, gradients: Sequence[float]) -> np.ndarray:
    """Hand an optimizer one gradient after the other for a single weight; give how far it moves each time."""
    weight, places = keras.Variable(0.0), [0.0]
    for gradient in gradients:
        optimizer.apply([ops.convert_to_tensor(gradient, "float32")], [weight])
        places.append(float(ops.convert_to_numpy(weight.value)))
    return np.abs(np.diff(places))


def _seeded(initializer, seed: int) -> keras.initializers.Initializer:
    """Make an initializer of its own for a layer, with a seed if it draws anything."""
    config = (initializer := keras.initializers.get(initializer)).get_config()
    return type(initializer).from_config(config | ({"seed": seed} if "seed" in config else {}))
