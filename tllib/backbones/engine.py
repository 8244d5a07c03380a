"""The engine under Keras -> what little here depends on it: gradients, devices that share a batch.

No other module imports an engine.
"""

import functools
import logging
import os
from collections.abc import Callable, Sequence

import keras
import numpy as np

# TensorFlow and JAX would take all of a GPU's memory at once and leave none for the next notebook.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

# TensorFlow warns when models are compiled often, as they are here: every head and every image has its own loop, and
# so has every run of a lesson, in the reader's own code.
logging.getLogger("tensorflow").addFilter(lambda record: "retracing" not in record.getMessage())


def check_network(network: object) -> None:
    """Refuse what is no Keras network.

    Raises:
        TypeError: the message says what came.
    """
    if not isinstance(network, keras.Model):
        raise TypeError(f"Expected a Keras network (keras.Model), got {type(network).__name__}. Of a classifier, give "
                        "its network: classifier.model.")


def device_count(model: keras.Model) -> int:
    """How many devices share each batch of `model`: 1, or as many as its distribution has.

    Raises:
        NotImplementedError: a way of distributing that this library was never tested with.
    """
    distribution = keras.distribution.distribution()
    if distribution is not None:
        if keras.backend.backend() != "jax" or not isinstance(distribution, keras.distribution.DataParallel):
            raise NotImplementedError(
                f"{type(distribution).__name__} on {keras.backend.backend()} is not supported. What is: "
                "keras.distribution.DataParallel on JAX, tf.distribute.MirroredStrategy on TensorFlow, or one device.")
        return int(distribution.device_mesh.devices.size)
    strategy = getattr(model, "distribute_strategy", None)  # TensorFlow's models carry theirs
    kind = type(strategy).__name__
    if kind not in ("NoneType", "_DefaultDistributionStrategy", "OneDeviceStrategy", "MirroredStrategy"):
        raise NotImplementedError(f"{kind} is not supported. What is: tf.distribute.MirroredStrategy, or one device.")
    return 1 if strategy is None else int(strategy.num_replicas_in_sync)


def check_one_device(models: Sequence[keras.Model]) -> None:
    """Refuse models that several devices share, for what needs every image whole.

    Raises:
        NotImplementedError: a model is shared among several devices.
    """
    if (devices := max(map(device_count, models))) > 1:
        raise NotImplementedError(f"{devices} devices can't share one image: it is the only weight, and every step "
                                  "needs all of it. Load the network on one device, outside of the distribution.")


def sync(model: keras.Model) -> None:
    """Bring the weights of a model up to date in the midst of `fit`: on JAX they are elsewhere meanwhile."""
    getattr(model, "jax_state_sync", lambda: None)()


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray | list[np.ndarray]:
    """`model.predict`, filled up until its devices can share every batch: even a single image has to be shared."""
    devices = device_count(model)
    rows = np.arange(-(-len(images) // devices) * devices) % len(images)
    found = model.predict(images[rows], batch_size=-(-32 // devices) * devices, verbose=0)
    return keras.tree.map_structure(lambda answer: answer[:len(images)], found)


def remember(function: Callable) -> Callable:
    """Let `function(network, *others)` remember its last 8 answers about a network, for as long as the network lives.

    They are kept in the network itself: kept elsewhere, an answer that holds the network, as a model built on it does,
    would never let it go.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @functools.wraps(function)
    def remembering(network: keras.Model, *others):
        check_network(network)
        kept = vars(network)  # by an ordinary attribute, Keras would take it for a part of the network
        if name not in kept:
            kept[name] = functools.lru_cache(maxsize=8)(functools.partial(function, network))
        return kept[name](*others)
    return remembering


def gradient(function: Callable, networks: Sequence[keras.Model] = ()) -> Callable:
    """Turn `function(x, *others) -> (scalar, more)` into `(x, *others) -> (d scalar / d x, more)`, compiled.

    Args:
        function: made of `keras.ops` and models; `x` is a tensor or a list of them.
        networks: models that the function asks. Each call takes their weights as they are then: JAX would compile
            those of the first call in.

    Returns:
        A function of arrays that gives arrays; `more` is anything that `function` wants to have told.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        @tf.function(jit_compile=False, autograph=False)
        def slope(x, *others):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                scalar, more = function(x, *others)
            return tape.gradient(scalar, x), more
    elif keras.backend.backend() == "jax":
        import jax
        variables = [variable for network in networks for variable in network.variables]

        def stateless(x, values, others):
            with keras.StatelessScope(state_mapping=zip(variables, values, strict=True)):
                return function(x, *others)

        compiled = jax.jit(jax.value_and_grad(stateless, has_aux=True))

        def slope(x, *others):
            (_, more), found = compiled(x, [variable.value for variable in variables], others)
            return found, more
    else:
        import torch

        def slope(x, *others):
            x = keras.tree.map_structure(lambda part: part.detach().requires_grad_(), x)
            with torch.enable_grad():
                scalar, more = function(x, *others)
            found = torch.autograd.grad(scalar, keras.tree.flatten(x))
            return keras.tree.pack_sequence_as(x, found), more

    every = keras.tree.map_structure
    return lambda *inputs: every(keras.ops.convert_to_numpy, slope(*every(keras.ops.convert_to_tensor, inputs)))
