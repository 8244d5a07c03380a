"""Lesson 08 on the prepared photos: what its text says of the two splits, and a script that runs by itself."""

import subprocess
import sys

from tests.notebooks.plain import code_of
from tllib import backbones, classroom, datasets

import numpy as np
import pytest

IMPORTS, PLAIN = code_of("08_your_own_photos")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Names that the plain cells make."""
    place = classroom.prepared_photos(tmp_path_factory.mktemp("lesson") / "prepared")
    photos, backbone = datasets.load(place / "my_photos"), backbones.load("efficientnet_lite0")
    pixels = np.stack([photos.read(row, size=224) for row in range(len(photos))])
    folders = np.array([str(path.parent) for path in photos.paths])
    names = {"photos": photos, "features": backbone.predict(pixels, verbose=0), "backbone": backbone,
             "objects": np.unique(folders, return_inverse=True)[1], "place": place}
    for source in (IMPORTS, *PLAIN):
        exec(source, names)
    return names
