"""What tests of backbones share."""

import keras
import pytest


@pytest.fixture
def undrawn(monkeypatch):
    """Zeros in the place of random weights that nobody looks at: VGG alone draws 138 million."""
    def zeros(self, shape, dtype=None, **_):
        return keras.ops.zeros(shape, dtype)
    for name in ("GlorotUniform", "VarianceScaling", "RandomNormal", "TruncatedNormal"):
        monkeypatch.setattr(getattr(keras.initializers, name), "__call__", zeros)
    monkeypatch.setattr("tllib.backbones.backbone._randomise", lambda model, seed: None)
