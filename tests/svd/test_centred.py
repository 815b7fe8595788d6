"""The closed form on de-meaned white data, against oracles and solvers."""

import numpy as np
import pytest

from lib.certificate import certify
from lib.cone_pca import oracle
from lib.data import one_hot
from lib.frank_wolfe import solve
from lib.problem import Problem, objective
from lib.svd import demeaned_closed_form
from lib.svd.centred import CentredOracle

ROUNDING = 1e-10
"""Deviation of the data, 1e-13, times the values of order one."""


def centred(each, classes, beta, d=9, seed=0):
    """Return whitened, de-meaned Gaussian data with balanced labels."""
    return unbalanced([each] * classes, beta, d, seed)


def unbalanced(sizes, beta, d=9, seed=0):
    """Return such data with so many samples of each class."""
    n, classes = sum(sizes), len(sizes)
    X = np.random.default_rng(seed).standard_normal((n, d))
    left, scales, right = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    kept = scales > 1e-10
    assert kept.sum() == n - 1
    Y = one_hot(np.repeat(np.arange(classes), sizes), classes)
    return Problem(left[:, kept] @ right[kept], Y, beta)


@pytest.mark.parametrize(("each", "classes"), [(2, 2), (1, 3), (2, 3), (3, 2)])
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_network_is_optimal_by_the_exact_oracle(each, classes, share):
    n = each * classes
    kappa = np.sqrt(each * (n - each) / n)
    problem = centred(each, classes, share * kappa)
    found = demeaned_closed_form(problem, deviation=1e-13)
    assert found.certificate.relative_gap <= ROUNDING
    # Another route: branch and bound over the cells knows nothing of classes.
    proof = certify(problem, found.network)
    assert proof.relative_gap <= ROUNDING
    assert proof.primal == pytest.approx(objective(problem, found.network), rel=1e-14)
    assert oracle(problem.X, problem.Y).bound == pytest.approx(kappa, rel=1e-9)


@pytest.mark.parametrize("sizes", [(1, 2, 3), (1, 1, 2), (1, 2, 2)])
@pytest.mark.parametrize("beta", [0.1, 0.8, 0.95, 1.3])
def test_classes_need_no_balance(sizes, beta):
    # p* = sum n_j (rho_j - rho_j^2 / 2), rho_j = min(1, beta / kappa_j).
    problem, sizes = unbalanced(sizes, beta), np.array(sizes)
    n = sizes.sum()
    kappas = np.sqrt(sizes * (n - sizes) / n)
    rho = np.minimum(1, beta / kappas)
    found = demeaned_closed_form(problem, deviation=1e-13)
    value = float(sizes @ (rho - rho**2 / 2))
    assert found.certificate.primal == pytest.approx(value, rel=1e-12)
    assert found.certificate.relative_gap <= ROUNDING
    assert found.network.width == (beta < kappas).sum()
    # Another route: branch and bound over the cells knows nothing of classes.
    assert certify(problem, found.network).dual >= value * (1 - 1e-8)
    assert oracle(problem.X, problem.Y).bound == pytest.approx(kappas.max(), rel=1e-8)


def test_half_of_the_samples_is_the_most_that_a_class_may_have():
    # Four of six in a class: a neuron on three of them costs less than one on four.
    problem = unbalanced([1, 1, 4], 0.5)
    with pytest.raises(ValueError, match="no class of more than half of the samples"):
        demeaned_closed_form(problem, deviation=1e-13)
    kappas = np.sqrt(np.array([1, 1, 4]) * np.array([5, 5, 2]) / 6)
    assert oracle(problem.X, problem.Y).value > kappas.max() * 1.05


def test_general_solver_finds_the_same_optimum():
    problem = centred(2, 3, 0.3)
    found = demeaned_closed_form(problem, deviation=1e-13)
    general = solve(problem)
    assert general.certificate.dual <= found.certificate.primal * (1 + ROUNDING)
    assert general.certificate.primal >= found.certificate.dual
    assert general.certificate.primal == pytest.approx(
        found.certificate.primal, rel=1e-6
    )


def test_zero_network_from_kappa_on():
    problem = centred(2, 3, 1.2)  # kappa = sqrt(4 / 3) = 1.155
    found = demeaned_closed_form(problem, deviation=1e-13)
    assert found.network.width == 0
    assert found.certificate.primal == 3.0
    assert found.certificate.relative_gap <= ROUNDING


def test_a_deviation_loosens_the_proof():
    problem = centred(2, 3, 0.3)
    tight, loose = (demeaned_closed_form(problem, e) for e in (1e-13, 1e-3))
    assert loose.certificate.dual < tight.certificate.dual * (1 - 1e-4)


@pytest.mark.slow
def test_data_that_are_not_quite_centred_loosen_the_proof():
    problem = centred(2, 3, 0.3)
    tilted = problem.X + 1e-4 * np.outer(np.ones(6), np.eye(9)[0])
    moved = Problem(tilted, problem.Y, 0.3)
    exact, loose = (demeaned_closed_form(p, 1e-3) for p in (problem, moved))
    assert loose.certificate.dual < exact.certificate.dual
    # The exact oracle knows nothing of centring.
    assert certify(moved, loose.network).dual >= loose.certificate.dual


@pytest.mark.parametrize("seed", range(5))
def test_centred_oracle_encloses_kappa_of_any_matrix(seed):
    rng = np.random.default_rng(seed)
    X = centred(2, 3, 0.3, seed=seed).X
    Z = rng.standard_normal((6, 2)) + seed  # the mean from none to most of it
    found, exact = CentredOracle(X, 1e-13)(Z), oracle(X, Z)
    assert found.value <= exact.bound
    assert exact.value <= found.bound
    assert found.bound <= np.linalg.norm(Z, 2) * (1 + ROUNDING)
    assert found.value >= 0.8 * exact.value  # a climb, no search


def test_centred_oracle_is_exact_on_constant_labels_up_to_its_root_of_two():
    X = centred(2, 3, 0.3).X
    found = CentredOracle(X, 1e-13)(np.ones((6, 1)))
    assert found.value == pytest.approx(np.sqrt(6) / 2)
    assert found.bound == pytest.approx(np.sqrt(3))


@pytest.mark.parametrize(
    "Y", [np.eye(3)[[0, 0, 0, 1]], np.full((4, 2), 0.5), np.ones((4, 1))]
)
def test_other_labels_are_refused(Y):
    problem = Problem(np.random.default_rng(0).standard_normal((4, 5)), Y, 0.1)
    with pytest.raises(ValueError, match="needs one-hot labels with a sample of"):
        demeaned_closed_form(problem, deviation=0.0)
