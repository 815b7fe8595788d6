"""From the solutions of convex programs back to neurons, and to fewer of them."""

from lib.master.completely_positive import factorize
from lib.recovery.caratheodory import prune
from lib.recovery.descending import DescendingPath, Leg, descend_to
from lib.recovery.recover import (
    Recovery,
    recover_from_activations,
    recover_from_blocks,
    recover_from_grams,
    recover_from_relaxation,
)
from lib.recovery.semi_nmf import split_block

__all__ = [
    "DescendingPath",
    "Leg",
    "Recovery",
    "descend_to",
    "factorize",
    "prune",
    "recover_from_activations",
    "recover_from_blocks",
    "recover_from_grams",
    "recover_from_relaxation",
    "split_block",
]
