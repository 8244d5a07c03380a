"""SqueezeNet v1.1: its architecture as a flat Keras model.

It is made of fire modules: 1x1 filters squeeze the maps to a few channels, then 1x1 and 3x3 filters, side by side,
expand them again. There is no BatchNorm, and the top is a 1x1 convolution of the last maps.

Source: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size",
arXiv:1602.07360; version 1.1 is from the authors' own Caffe files. What differs from these here: pooling rounds sizes
down, to 27 and 13, not up; the mean colour is not rounded; there is no dropout before the top, and no ReLU after it,
so logits may be negative. So the top is linear, and the average of its maps is the top of the average: it comes after
the average, as a dense layer.
"""

import keras
from keras import layers

MEAN_BGR = (104.006, 116.669, 122.679)  # the mean colour of ImageNet, blue first


def build(input_size: int) -> keras.Model:
    """Build the network with fresh weights: pixels `(n, size, size, 3)`, RGB, 0 to 255 -> 1000 logits."""
    pixels = keras.Input((input_size, input_size, 3), name="pixels")
    bgr = keras.ops.flip(pixels, axis=-1)
    x = layers.Rescaling(1.0, offset=[-mean for mean in MEAN_BGR], name="scaling")(bgr)
    x = layers.Conv2D(64, 3, 2, activation="relu", name="conv1")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    x = _fire(x, 16, 64, "fire2")
    x = _fire(x, 16, 64, "fire3")
    x = layers.MaxPooling2D(3, 2, name="pool3")(x)
    x = _fire(x, 32, 128, "fire4")
    x = _fire(x, 32, 128, "fire5")
    x = layers.MaxPooling2D(3, 2, name="pool5")(x)
    x = _fire(x, 48, 192, "fire6")
    x = _fire(x, 48, 192, "fire7")
    x = _fire(x, 64, 256, "fire8")
    x = _fire(x, 64, 256, "fire9")
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(pixels, layers.Dense(1000, name="conv10")(x))


def _fire(x, squeezed, expanded, name):
    """Squeeze to a few channels, then expand to twice `expanded`, half of them by 1x1 filters, half by 3x3."""
    x = layers.Conv2D(squeezed, 1, activation="relu", name=f"{name}_squeeze1x1")(x)
    one = layers.Conv2D(expanded, 1, activation="relu", name=f"{name}_expand1x1")(x)
    three = layers.Conv2D(expanded, 3, padding="same", activation="relu", name=f"{name}_expand3x3")(x)
    return layers.Concatenate(name=f"{name}_concat")([one, three])
