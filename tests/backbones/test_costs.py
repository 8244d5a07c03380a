from tllib import backbones
from tllib.backbones import costs

import pytest

# Multiply-adds of one photo, in millions, as the papers (VGG: torchvision's table) give them.
PUBLISHED = {"vgg16": 15_470, "resnet50": 3_860, "mobilenet": 569, "mobilenetv2": 300, "mobilenetv3large": 219,
             "efficientnet_lite0": 407, "convnext_tiny": 4_470}


@pytest.mark.parametrize("name", PUBLISHED)
def test_multiply_adds_are_those_of_the_papers(name, undrawn):
    network = backbones.load(name, weights=None, top=True)
    assert costs.multiply_adds(network) / 1e6 == pytest.approx(PUBLISHED[name], rel=0.06)


def test_a_table_with_speeds():
    small, large = backbones.compare(["mobilenet", "efficientnet_lite0"], batch_size=2).rows
    assert (small.name, small.features, small.megabytes) == ("mobilenet", 1024, pytest.approx(17.0, abs=0.1))
    assert small.photos_per_second > 0 and large.photos_per_second > 0
    table = str(backbones.compare(["efficientnet_lite0"], measure=False))
    assert table.splitlines()[-1].split() == ["efficientnet_lite0", "4.7", "19", "0.8", "75.1", "–"]


@pytest.mark.parametrize("wanted, message", [
    (["mobilenet", "resnet"], r"Unknown backbone 'resnet'\. Did you mean 'resnet50'"),
    ("vgg16", r"wanted is a list, got a single 'vgg16'\. Put it in brackets: \['vgg16'\]"),
])
def test_wrong_names_are_said_before_any_network_is_built(wanted, message):
    with pytest.raises(ValueError, match=message):
        backbones.compare(wanted)
