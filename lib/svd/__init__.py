"""Whitened and spike-free data, where training is a singular value decomposition."""

from lib.svd.centred import Demeaned, demeaned_closed_form
from lib.svd.soft_threshold import (
    ClosedForm,
    closed_form,
    linear_optimum,
    literal_network,
)
from lib.svd.spike_freeness import SpikeFree, spike_free
from lib.svd.whitening import Whitening, deviation, trim, whiten

__all__ = [
    "ClosedForm",
    "Demeaned",
    "SpikeFree",
    "Whitening",
    "closed_form",
    "demeaned_closed_form",
    "deviation",
    "linear_optimum",
    "literal_network",
    "spike_free",
    "trim",
    "whiten",
]
