"""Gradients on whatever engine Keras has."""

import logging

from tllib.backbones import engine

import keras
import numpy as np
import pytest
from keras import ops


@pytest.mark.core
def test_a_gradient_by_hand():
    slope, more = engine.gradient(lambda x, y: (ops.sum(y * x**2), x + y))(
        np.array([1.0, -2.0, 3.0], "float32"), np.array([1.0, 0.5, 0.0], "float32"))
    np.testing.assert_array_equal(slope, [2, -2, 0])  # 2 x y
    np.testing.assert_array_equal(more, [2, -1.5, 3])


@pytest.mark.core
def test_a_gradient_by_a_list_of_tensors():
    (by_a, by_b), _ = engine.gradient(lambda parts: (ops.sum(parts[0]) * ops.sum(parts[1]), parts[0]))(
        [np.array([1.0, 2.0], "float32"), np.array([[4.0]], "float32")])
    np.testing.assert_array_equal(by_a, [4, 4])
    np.testing.assert_array_equal(by_b, [[3]])


def test_only_the_library_is_spared_the_warning_about_retracing(caplog):
    """The same warning, once from a call within the library and once from the reader's own."""
    class Warns(keras.layers.Layer):
        def call(self, x):
            logging.getLogger("tensorflow").warning("5 out of the last 5 calls triggered tf.function retracing.")
            return x

    logging.getLogger("tensorflow").addHandler(caplog.handler)
    model = keras.Sequential([keras.Input((2,)), Warns()])
    model.compile(run_eagerly=True)
    caplog.clear()
    engine.predict(model, np.zeros((1, 2), "float32"))
    assert "retracing" not in caplog.text
    model.predict(np.zeros((1, 2), "float32"), verbose=0)
    assert "retracing" in caplog.text
    logging.getLogger("tensorflow").removeHandler(caplog.handler)
