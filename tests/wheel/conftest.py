"""Tests of the wheel install it, and so need a network and minutes: only when they are asked for."""

import pytest


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "wheel" in item.path.parts:
            item.add_marker(pytest.mark.wheel)
            if "wheel" not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason="installs the wheel: python -m tllib test wheel"))
