"""Whitened and spike-free data, where training is a singular value decomposition."""

from lib.svd.centred import CentredOracle, demeaned_closed_form
from lib.svd.soft_threshold import (
    SpectralOracle,
    closed_form,
    linear_optimum,
    literal_network,
)
from lib.svd.spike_freeness import spike_free
from lib.svd.whitening import whiten

__all__ = [
    "CentredOracle",
    "SpectralOracle",
    "closed_form",
    "demeaned_closed_form",
    "linear_optimum",
    "literal_network",
    "spike_free",
    "whiten",
]
