"""The paper's experiments at its own sizes: each a function with a typed result.

``cached(function, **parameters)`` runs one, or finds its result on disk.
"""

from lib.experiments.activations import Activations, compare_activations
from lib.experiments.complexity import Complexity, measure_complexity
from lib.experiments.generalisation import WhitenedTests, generalise_whitened
from lib.experiments.generation import (
    Generation,
    Prolonged,
    generate_images,
    prolong_descent,
)
from lib.experiments.growth import Growth, measure_growth
from lib.experiments.margin import MaxMargin, factorise_margin
from lib.experiments.pooling import (
    PooledDigits,
    PooledPrograms,
    certify_digits,
    compare_programs,
    small_digits,
)
from lib.experiments.printed import Comparison
from lib.experiments.questions import Questions, centroid_questions, count_questions
from lib.experiments.recovery import (
    SplitOptimum,
    Stated,
    split_optimum,
    state_and_recover,
)
from lib.experiments.search import (
    Ascents,
    SearchSizes,
    compare_ascents,
    count_nodes,
    power_ascent,
    shrink_cone,
)
from lib.experiments.spirals import SpiralLosses, classify_spiral
from lib.experiments.store import Run, Stored, cached

__all__ = [
    "Activations",
    "Ascents",
    "Comparison",
    "Complexity",
    "Generation",
    "Growth",
    "MaxMargin",
    "PooledDigits",
    "PooledPrograms",
    "Prolonged",
    "Questions",
    "Run",
    "SearchSizes",
    "SpiralLosses",
    "SplitOptimum",
    "Stated",
    "Stored",
    "WhitenedTests",
    "cached",
    "centroid_questions",
    "certify_digits",
    "classify_spiral",
    "compare_activations",
    "compare_ascents",
    "compare_programs",
    "count_nodes",
    "count_questions",
    "factorise_margin",
    "generalise_whitened",
    "generate_images",
    "measure_complexity",
    "measure_growth",
    "power_ascent",
    "prolong_descent",
    "shrink_cone",
    "small_digits",
    "split_optimum",
    "state_and_recover",
]
