"""Problems that many tests are tried on."""

import numpy as np

from lib.cone_pca import correlation, kappa_by_cells, oracle
from lib.copositive.cover import Cover, Region
from lib.data import gaussian_teacher, spiral
from lib.problem import Problem, reduce_rank


def random_problem(seed=0, n=8, r=2, c=2, share=0.1, **options):
    """Draw Gaussian data with beta a share of kappa(Y), at which zero is optimal."""
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((n, r)), rng.standard_normal((n, c))
    return Problem(X, Y, share * oracle(X, Y).value, **options)


def section_5_1(init, seed=0):
    """Return the problem of Figure 1: 25 samples of a teacher in the plane."""
    X, Y = gaussian_teacher(25, 2, 5, 100, np.random.default_rng(seed), init=init)
    return Problem(X, Y, 1e-2)


def spiral_problem(beta, points=20, seed=0):
    """Return the problem of Figure 3: so many points on each of three arms."""
    return Problem(*spiral(points, np.random.default_rng(seed)), beta)


def cover_of(X, patterns, rays=None):
    """Make a cover of X of full rank from patterns, by rays or by all hyperplanes."""
    regions = []
    for k, pattern in enumerate(patterns):
        W = np.eye(X.shape[1]) if rays is None else rays[k]
        facets = np.where(pattern, 1.0, -1.0)[:, None] * X
        simplicial = rays is not None
        region = Region(pattern, facets, W, W.sum(axis=1), simplicial=simplicial)
        regions.append(region)
    return Cover(reduce_rank(X), tuple(regions), exact=False)


def attained(X, Z):
    """Return ``|Z^T (X u)_+|`` at its maximiser of all cells, face by face."""
    u = kappa_by_cells(X, Z).direction
    return float(correlation(X, Z, u[None])[0])
