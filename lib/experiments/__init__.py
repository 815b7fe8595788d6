"""The paper's experiments at its own sizes: each a function with a typed result.

``cached(function, **parameters)`` runs one, or finds its result on disk.
"""

from lib.experiments.activations import Activations, compare_activations
from lib.experiments.complexity import Complexity, measure_complexity
from lib.experiments.generation import Generation, generate_images
from lib.experiments.growth import Growth, measure_growth
from lib.experiments.margin import MaxMargin, factorise_margin
from lib.experiments.printed import Comparison
from lib.experiments.spirals import SpiralLosses, classify_spiral
from lib.experiments.store import Run, Stored, cached

__all__ = [
    "Activations",
    "Comparison",
    "Complexity",
    "Generation",
    "Growth",
    "MaxMargin",
    "Run",
    "SpiralLosses",
    "Stored",
    "cached",
    "classify_spiral",
    "compare_activations",
    "factorise_margin",
    "generate_images",
    "measure_complexity",
    "measure_growth",
]
