"""The paper's experiments at its own sizes: each a function with a typed result.

``cached(function, **parameters)`` runs one, or finds its result on disk.
"""

from lib.experiments.activations import Activations, compare_activations
from lib.experiments.complexity import Complexity, measure_complexity
from lib.experiments.generation import Generation, generate_images
from lib.experiments.margin import MaxMargin, factorise_margin
from lib.experiments.pooling import (
    PooledDigits,
    PooledPrograms,
    certify_digits,
    compare_programs,
    small_digits,
)
from lib.experiments.printed import Comparison
from lib.experiments.recovery import (
    SplitOptimum,
    Stated,
    split_optimum,
    state_and_recover,
)
from lib.experiments.spirals import SpiralLosses, classify_spiral
from lib.experiments.store import Run, Stored, cached

__all__ = [
    "Activations",
    "Comparison",
    "Complexity",
    "Generation",
    "MaxMargin",
    "PooledDigits",
    "PooledPrograms",
    "Run",
    "SpiralLosses",
    "SplitOptimum",
    "Stated",
    "Stored",
    "cached",
    "certify_digits",
    "classify_spiral",
    "compare_activations",
    "compare_programs",
    "factorise_margin",
    "generate_images",
    "measure_complexity",
    "small_digits",
    "split_optimum",
    "state_and_recover",
]
