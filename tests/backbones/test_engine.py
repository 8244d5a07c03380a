"""Gradients on whatever engine Keras has."""

from tllib.backbones import engine

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
