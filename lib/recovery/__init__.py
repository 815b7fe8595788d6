"""From the solutions of convex programs back to neurons, and to fewer of them."""

from lib.master.completely_positive import factorize
from lib.recovery.caratheodory import prune
from lib.recovery.recover import (
    Recovery,
    recover_from_activations,
    recover_from_blocks,
    recover_from_grams,
    recover_from_relaxation,
)
from lib.recovery.semi_nmf import split_block

__all__ = [
    "Recovery",
    "factorize",
    "prune",
    "recover_from_activations",
    "recover_from_blocks",
    "recover_from_grams",
    "recover_from_relaxation",
    "split_block",
]
