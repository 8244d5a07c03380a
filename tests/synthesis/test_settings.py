"""Drawing and attacking under whatever Keras is set to."""

from dataclasses import replace

from tllib import backbones, synthesis

import keras
import numpy as np
import pytest

SETTINGS = {
    "mixed_float16": lambda: keras.config.set_dtype_policy("mixed_float16"),
    "floatx float64": lambda: keras.config.set_floatx("float64"),
    "channels_first": lambda: keras.config.set_image_data_format("channels_first"),
}


@pytest.fixture
def keras_set(request):
    before = keras.config.dtype_policy(), keras.config.floatx(), keras.config.image_data_format()
    SETTINGS[request.param]()
    changed = keras.config.dtype_policy(), keras.config.floatx(), keras.config.image_data_format()
    yield changed
    assert (keras.config.dtype_policy(), keras.config.floatx(), keras.config.image_data_format()) == changed
    keras.config.set_floatx(before[1])
    keras.config.set_dtype_policy(before[0])
    keras.config.set_image_data_format(before[2])


@pytest.mark.parametrize("keras_set", SETTINGS, indirect=True)
def test_it_works_and_the_settings_stay(keras_set, dog):
    network = backbones.load("efficientnet_lite0", top=True)
    for recipe in (replace(synthesis.FOURIER, steps=2), replace(synthesis.PIXELS, steps=2)):
        drawn = synthesis.ideal_image(network, "zebra", recipe=recipe)
        assert drawn.image.shape == (224, 224, 3) and np.isfinite(drawn.history["objective"]).all()
    changed = synthesis.adversarial_image(network, dog, epsilon=2, steps=1)
    assert changed.distance["largest"] == 2
