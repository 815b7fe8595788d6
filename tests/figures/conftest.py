"""Shared by the unit tests."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture
def ax():
    """Give axes of a figure that is closed afterwards."""
    fig, axes = plt.subplots()
    yield axes
    plt.close(fig)
