"""Tests of a cluster start one on this machine and take minutes: only when they are asked for."""

import pytest


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "cluster" in item.path.parts:
            item.add_marker(pytest.mark.cluster)
            if "cluster" not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason="starts a cluster: python -m tllib test cluster"))
