"""Any Keras network for pictures -> the same network up to its logits; what is no such network is refused here.

What a network gives is decided by the values it gives, not by its last layer: a softmax may stand inside a nested
model, before another layer, or twice. Only numbers of 0 to 1 that do not sum to 1 may be both, logits of an untrained
network or the answers of sigmoids: then it counts what is made of them behind the last weights.
"""

from tllib.backbones import engine

import keras
import numpy as np
from keras import layers, ops


def input_size(network: keras.Model) -> int:
    """Height and width, in pixels, of the square RGB pictures that a network takes.

    Raises:
        TypeError: this is no Keras network.
        ValueError: it has not been built, takes or gives several things at once, or takes something other than square
            RGB pictures of one size. The message says what to do.
    """
    engine.check_network(network)
    try:
        inputs, outputs = network.inputs, network.outputs
    except AttributeError:  # a Sequential that was never called, or a class with a call of its own
        raise ValueError(f"The network {network.name!r} does not know yet what it takes. Tell it: "
                         f"{_behind(224, 'pixels')}.") from None
    if len(inputs) != 1:
        raise ValueError(f"The network {network.name!r} takes {len(inputs)} inputs at once. Expected one: pictures.")
    if len(outputs) != 1:
        raise ValueError(f"The network {network.name!r} gives {len(outputs)} outputs at once. Choose one: "
                         "network = keras.Model(network.inputs, network.outputs[0]).")
    shape = tuple(inputs[0].shape[1:])
    if len(shape) != 3:
        raise ValueError(f"The network {network.name!r} takes {shape}, and no pictures. Give the whole network, from "
                         "its pixels on.")
    height, width, channels = shape
    if None in shape:
        raise ValueError(f"The network {network.name!r} takes pictures of any size, {shape}. Choose one: "
                         f"{_behind(224, 'pixels')}.")
    if channels != 3:
        raise ValueError(f"The network {network.name!r} takes {shape}. Expected RGB pictures, (size, size, 3). "
                         f"{_other_channels(shape)}.")
    if height != width:
        resized = _behind(max(height, width), f"keras.layers.Resizing({height}, {width})(pixels)")
        raise ValueError(f"The network {network.name!r} takes {shape}. Expected square pictures, (size, size, 3). "
                         f"Resize them first: {resized}.")
    return height


def _behind(size: int, pixels: str) -> str:
    """The line of code that puts a network behind an input of square RGB pictures."""
    return f"pixels = keras.Input(({size}, {size}, 3)); network = keras.Model(pixels, network({pixels}))"


def _other_channels(shape: tuple[int, int, int]) -> str:
    """What to do about a network that takes other channels."""
    if shape[0] == 3:
        return f"Move the channels first: {_behind(shape[1], 'keras.layers.Permute((3, 1, 2))(pixels)')}"
    if shape[2] == 1:
        return f"Make them grey first: {_behind(shape[0], 'keras.ops.mean(pixels, axis=-1, keepdims=True)')}"
    return f"Put layers before it that make its {shape[2]} channels of these"


@engine.remember
def logits_of(network: keras.Model) -> keras.Model:
    """Give a network up to its logits, whether it ends in logits or in probabilities.

    A network that gives probabilities is cut before its softmax. Where there is no single softmax to cut off, as in
    the average of two networks, the logarithms of the probabilities are its logits: softmax(log p) = p.

    Args:
        network: one input, pixels `(n, size, size, 3)`, 0 to 255; one output, logits or probabilities `(n, classes)`.
            It is asked about a few pictures of noise, to see which of the two it gives.

    Returns:
        A model of the same weights, pixels -> logits `(n, classes)`; `network` itself if it gives logits.

    Raises:
        TypeError, ValueError: as for `input_size`; or it does not give one number per class, or judges each class by
            itself, as sigmoids do.
    """
    size = input_size(network)
    output = network.outputs[0]
    if len(output.shape) != 2:
        raise ValueError(f"The network {network.name!r} gives {tuple(output.shape[1:])} per picture. Expected one "
                         "number per class: average and classify these first, with GlobalAveragePooling2D and Dense.")
    if output.shape[1] == 1:
        raise ValueError(f"The network {network.name!r} gives one number per picture. Expected one per class, also for "
                         "two classes: Dense(2, activation='softmax') instead of Dense(1, activation='sigmoid').")
    plain = getattr(network, "output", None) is output and network.input is network.inputs[0]
    if not plain:  # a Sequential, or a model whose only input or output is in a list or dict
        network = _model(network, output)
    noise = np.random.default_rng(0).uniform(0, 255, (3, size, size, 3))
    grey = np.full((1, size, size, 3), 127.5)
    answers = engine.predict(network, np.concatenate([noise, grey]).astype("float32"))
    if _judge_each_class(output, answers):
        raise ValueError(f"The network {network.name!r} judges each class by itself, as sigmoids do: its numbers, 0 to "
                         "1, do not sum to 1. Expected a choice between classes: Dense(classes, activation='softmax').")
    if _are_probabilities(answers):
        logits = _before("softmax", output)
        if logits is None:
            logits = ops.log(ops.maximum(ops.cast(output, "float32"), 1e-37))
        return _model(network, logits)
    return network


def _model(network: keras.Model, output: keras.KerasTensor) -> keras.Model:
    return keras.Model(network.inputs[0], output, name=network.name)


def _are_probabilities(answers: np.ndarray) -> bool:
    """Whether each row is non-negative and sums to 1, as exactly as half precision has it."""
    return bool((answers >= 0).all() and np.allclose(answers.astype("float64").sum(axis=1), 1, atol=0.01))


def _judge_each_class(output: keras.KerasTensor, answers: np.ndarray) -> bool:
    """Whether answers to pictures are probabilities of each class by itself, as several sigmoids give them.

    Logits may lie in 0 to 1 as well. But they would leave it if the last layer with weights were given other numbers,
    and would not change if its weights are 0.
    """
    sigmoid = _before("sigmoid", output) is not None
    if not _lie_in_0_to_1(answers) or (_are_probabilities(answers) and not sigmoid):
        return False
    others = _answers_to_anything(output)
    vary = len(others) > 0 and np.ptp(others, axis=0).max() > 0.5
    if sigmoid:  # of x and -x, they are the probabilities of two classes
        return not (vary and _are_probabilities(others))
    return bool(vary and _lie_in_0_to_1(others))


def _lie_in_0_to_1(answers: np.ndarray) -> bool:
    return bool((answers >= 0).all() and (answers <= 1).all())


def _answers_to_anything(output: keras.KerasTensor) -> np.ndarray:
    """What a network would answer, finite rows `(n, classes)`, if its last layers with weights were given anything."""
    operation, _, index = output._keras_history
    if getattr(operation, "outputs", None) and operation.weights:  # a nested model
        return _answers_to_anything(operation.outputs[index])
    tensors, random = list(_into_last_weights(output).values()), np.random.default_rng(0)
    sizes = 10 ** random.uniform(-3, 4, 16)
    numbers = [np.stack([random.normal(0, size, [side or 2 for side in tensor.shape[1:]]) for size in sizes])
               for tensor in tensors]
    answers = keras.Model(tensors, output)([each.astype("float32") for each in numbers], training=False)
    answers = ops.convert_to_numpy(ops.cast(answers, "float32"))
    return answers[np.isfinite(answers).all(axis=1)]


def _into_last_weights(tensor: keras.KerasTensor) -> dict[int, keras.KerasTensor]:
    """What the last layers with weights on the way to a tensor are given, by id; where there are none, the pixels."""
    operation, node, _ = tensor._keras_history
    inputs = operation._inbound_nodes[node].input_tensors
    if not inputs:
        return {id(tensor): tensor}
    if getattr(operation, "weights", None):
        return {id(each): each for each in inputs}
    return {key: each for before in inputs for key, each in _into_last_weights(before).items()}


def _before(activation: str, tensor: keras.KerasTensor) -> keras.KerasTensor | None:
    """What a tensor was before the activation at its end, "softmax" or "sigmoid"; None if there is none."""
    operation, node, index = tensor._keras_history
    inputs = operation._inbound_nodes[node].input_tensors
    if len(inputs) != 1:
        return None
    if _is_layer_of(activation, operation):
        return inputs[0]
    if isinstance(operation, layers.Dense) and operation.activation is getattr(keras.activations, activation):
        return _WithoutActivation(operation)(inputs[0])
    if isinstance(operation, _SAME_VALUES) or _is_layer_of("linear", operation):
        before = _before(activation, inputs[0])
        return None if before is None else operation(before)
    if getattr(operation, "outputs", None):  # a nested model
        before = _before(activation, operation.outputs[index])
        return None if before is None else keras.Model(operation.inputs, before)(inputs[0])
    return None


_SAME_VALUES = (layers.Identity, layers.Dropout, layers.Flatten, layers.Reshape)  # for a network that only looks


def _is_layer_of(activation: str, operation: keras.Operation) -> bool:
    """Whether a layer or one of `keras.ops` is an activation and nothing else."""
    if isinstance(operation, layers.Activation):
        return operation.activation is getattr(keras.activations, activation)
    if isinstance(operation, layers.Layer) and not isinstance(operation, layers.Softmax):
        return False
    return type(operation).__name__ == activation.capitalize()


class _WithoutActivation(layers.Layer):
    """A dense layer without its activation; the weights stay its own."""

    def __init__(self, dense: layers.Dense):
        super().__init__(dtype=dense.dtype_policy)
        self.dense = dense

    def call(self, x):
        logits = ops.matmul(x, self.dense.kernel)
        return logits if self.dense.bias is None else logits + self.dense.bias
