"""The paper's experiments at its own sizes: each a function with a typed result.

``cached(function, **parameters)`` runs one, or finds its result on disk.
"""

from experiments.circle import circle_through
from experiments.class_map import ClassMap, map_classes
from experiments.counterexample import FiveSamples, five_samples, pentagon
from experiments.descents import RateSearch, largest_stable_rate
from experiments.errata import AbsoluteLoss, absolute_loss, constant_steps
from experiments.figure_2 import MaxMargin, factorise_margin
from experiments.figure_3 import SpiralLosses, classify_spiral
from experiments.figure_4 import (
    GeneratedImages,
    NoiseDescent,
    descend_from_noise,
    generate_images,
)
from experiments.figure_5 import Activations, compare_activations
from experiments.growth import Growth, measure_growth
from experiments.landscape import (
    NarrowEnds,
    Profile,
    Valley,
    end_narrow,
    obtuse_simplex,
    profile,
    prove_valley,
)
from experiments.looseness import (
    Looseness,
    gaussian_draw,
    pentagon_draw,
    search_looseness,
    sphere_draw,
)
from experiments.own_network import (
    Trace,
    go_on,
    narrow_down,
    start_model,
    train_model,
    write_example,
)
from experiments.pooling import (
    PooledDigits,
    PooledPrograms,
    certify_digits,
    compare_programs,
    small_digits,
)
from experiments.questions import Questions, centroid_questions, count_questions
from experiments.recovery import (
    SPLITS,
    SplitOptimum,
    Stated,
    pentagon_matrix,
    split_by_rays,
    split_by_shift,
    split_optimum,
    state_and_recover,
)
from experiments.relaxations import (
    GateFactors,
    Lifted,
    RelaxationTable,
    SampledGates,
    bound_by_signs,
    bound_lifted,
    compare_relaxations,
    cover_by_gates,
    grow_relaxations,
    measure_gate_factors,
    relaxation_data,
    sample_gates,
    solve_lifted,
)
from experiments.result import CertifiedResult, Comparison, Result
from experiments.search import (
    Ascents,
    SearchSizes,
    compare_ascents,
    count_nodes,
    shrink_cone,
)
from experiments.stacking import (
    Deep,
    DeepDescent,
    Split,
    Stage,
    as_deep,
    deep_floor,
    principal_images,
    random_deep,
    stack,
    stage_accuracies,
    stage_floor,
    train_deep,
)
from experiments.store import Run, Stored, cached
from experiments.table_1 import Complexity, measure_complexity
from experiments.whitened_tests import (
    BothFigures,
    WhitenedTests,
    explain_both,
    generalise_whitened,
)

__all__ = [
    "SPLITS",
    "AbsoluteLoss",
    "Activations",
    "Ascents",
    "BothFigures",
    "CertifiedResult",
    "ClassMap",
    "Comparison",
    "Complexity",
    "Deep",
    "DeepDescent",
    "FiveSamples",
    "GateFactors",
    "GeneratedImages",
    "Growth",
    "Lifted",
    "Looseness",
    "MaxMargin",
    "NarrowEnds",
    "NoiseDescent",
    "PooledDigits",
    "PooledPrograms",
    "Profile",
    "Questions",
    "RateSearch",
    "RelaxationTable",
    "Result",
    "Run",
    "SampledGates",
    "SearchSizes",
    "SpiralLosses",
    "Split",
    "SplitOptimum",
    "Stage",
    "Stated",
    "Stored",
    "Trace",
    "Valley",
    "WhitenedTests",
    "absolute_loss",
    "as_deep",
    "bound_by_signs",
    "bound_lifted",
    "cached",
    "centroid_questions",
    "certify_digits",
    "circle_through",
    "classify_spiral",
    "compare_activations",
    "compare_ascents",
    "compare_programs",
    "compare_relaxations",
    "constant_steps",
    "count_nodes",
    "count_questions",
    "cover_by_gates",
    "deep_floor",
    "descend_from_noise",
    "end_narrow",
    "explain_both",
    "factorise_margin",
    "five_samples",
    "gaussian_draw",
    "generalise_whitened",
    "generate_images",
    "go_on",
    "grow_relaxations",
    "largest_stable_rate",
    "map_classes",
    "measure_complexity",
    "measure_gate_factors",
    "measure_growth",
    "narrow_down",
    "obtuse_simplex",
    "pentagon",
    "pentagon_draw",
    "pentagon_matrix",
    "principal_images",
    "profile",
    "prove_valley",
    "random_deep",
    "relaxation_data",
    "sample_gates",
    "search_looseness",
    "shrink_cone",
    "small_digits",
    "solve_lifted",
    "sphere_draw",
    "split_by_rays",
    "split_by_shift",
    "split_optimum",
    "stack",
    "stage_accuracies",
    "stage_floor",
    "start_model",
    "state_and_recover",
    "train_deep",
    "train_model",
    "write_example",
]
