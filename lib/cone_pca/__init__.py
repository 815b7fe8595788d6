"""Principal components in cones, and kappa(Z), the greatest over all cells."""

from lib.cone_pca.branch_and_bound import Limits
from lib.cone_pca.by_cells import kappa_by_cells
from lib.cone_pca.counting import Counted
from lib.cone_pca.faces import cone_pca, cone_pca_by_subsets
from lib.cone_pca.kappa import Oracle, oracle, propose
from lib.cone_pca.maximum import AnyOracle, Maximum, correlation
from lib.cone_pca.planar import planar_oracle

__all__ = [
    "AnyOracle",
    "Counted",
    "Limits",
    "Maximum",
    "Oracle",
    "cone_pca",
    "cone_pca_by_subsets",
    "correlation",
    "kappa_by_cells",
    "oracle",
    "planar_oracle",
    "propose",
]
