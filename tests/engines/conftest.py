"""Tests that start engines and devices in processes of their own take minutes: only when they are asked for."""

import pytest


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "engines" in item.path.parts:
            item.add_marker(pytest.mark.engines)
            if "engines" not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason="takes minutes: python -m tllib test engines"))
