"""Whitened and spike-free data, where training is a singular value decomposition."""

from lib.svd.centred import centred_oracle, demeaned_closed_form
from lib.svd.soft_threshold import (
    closed_form,
    linear_optimum,
    literal_network,
    spectral_oracle,
)
from lib.svd.spike_freeness import spike_free
from lib.svd.whitening import trim, whiten

__all__ = [
    "centred_oracle",
    "closed_form",
    "demeaned_closed_form",
    "linear_optimum",
    "literal_network",
    "spectral_oracle",
    "spike_free",
    "trim",
    "whiten",
]
