"""The shorter errata, each value by another route than the chapter's."""

import numpy as np
import pytest
from scipy.optimize import minimize

from experiments import absolute_loss, constant_steps
from experiments.counterexample import regular_pentagon
from lib.arrangements import enumerate_cells, generic_cell_count, paper_cell_bound
from lib.cone_pca import oracle
from lib.copositive import solve_whitened
from lib.frank_wolfe import solve
from lib.problem import Problem
from lib.recovery import split_block


@pytest.mark.parametrize("alpha", [1.2, 1.5, 1.9])
def test_steps_above_one_leave_the_ball_at_once_and_for_good(alpha):
    values = constant_steps(alpha, 400)
    assert (np.abs(values[1:]) > 1).all()
    if alpha == 1.5:  # with a loss above 1, where 0 is the least
        assert np.abs(values[101:]).max() > 1.4
        assert ((values[101:] - 1) ** 2 / 2).max() > 1
    assert (values[1:-1] * values[2:] < 0).all()
    assert abs(values[-1]) == pytest.approx(alpha / (2 - alpha), rel=1e-9)


@pytest.mark.parametrize("alpha", [0.3, 1.0])
def test_steps_up_to_one_stay_in_the_ball(alpha):
    values = constant_steps(alpha, 400)
    assert (np.abs(values) <= 1).all()
    assert values[-1] == pytest.approx(1.0)


def test_frank_wolfe_does_not_reach_the_least_absolute_error():
    found = absolute_loss(1000)

    def loss(angle):
        return abs(np.cos(angle[0]) - 0.1) + abs(2 * np.sin(angle[0]) - 10)

    ends = [minimize(loss, [x], method="Nelder-Mead").fun for x in (0.5, 1.0, 1.5)]
    assert found.optimum == pytest.approx(min(ends), abs=1e-3)  # a grid of 4000 angles
    assert found.reached[-1] > min(ends) + 0.03


def test_simplicial_cells_of_rank_five_do_not_make_19_exact():
    # X = I and a regular pentagon: all cells are orthants, and (19) is (20).
    Y = regular_pentagon()
    proof = solve(Problem(np.eye(5), Y, 0.3)).certificate
    relaxed = solve_whitened(Y, 0.3)
    assert relaxed.value < proof.dual * 0.98  # 1.1132 against 1.1392
    assert relaxed.proof.value == pytest.approx(relaxed.value, rel=1e-4)


def test_step_42_to_43_enlarges_the_set():
    # Z = (1, -1), X = I: 1 over rank one in the cell, sqrt 2 over the nuclear ball.
    Z = np.array([[1.0], [-1.0]])
    angles = np.linspace(0, np.pi / 2, 1001)
    inside = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert np.abs(inside @ Z).max() == pytest.approx(oracle(np.eye(2), Z).bound)
    assert np.abs(inside @ Z).max() == pytest.approx(1.0)
    assert np.linalg.norm(Z, ord=2) == pytest.approx(np.sqrt(2))


def test_rescaling_costs_beta_and_not_half_of_it():
    gammas = np.linspace(0.1, 10, 100_001)
    a, b = 2.0, 3.0
    least = ((gammas * a) ** 2 + (b / gammas) ** 2).min() / 2
    assert least == pytest.approx(a * b, rel=1e-6)


def test_34_as_printed_is_unbounded_and_its_repair_is_not():
    # X = Y = 1, beta = 1/2, and mass m at u = 1.
    Z, Y, beta = np.linspace(-1e3, 1e3, 20_001), 1.0, 0.5
    printed = -((Z - Y) ** 2) / 2 - Y**2 / 2
    assert printed.min() < -1e5  # at m = 0, and nothing of a positive m mends it
    masses = np.linspace(0, 2, 201)
    right = [
        (-((Z - Y) ** 2) / 2 + Y**2 / 2 + m * (beta - np.maximum(Z, -Z))).max()
        for m in masses
    ]
    # p* = beta - beta^2 / 2; the grids are coarse.
    assert min(right) == pytest.approx(0.375, abs=0.02)


def test_61_needs_the_square_of_beta():
    # X = Y = 1: the least 1/2 / (1 + 2 s) + w s is sqrt w - w / 2; p* has w = beta^2.
    beta, s = 0.5, np.linspace(0, 5, 100_001)
    values = [(0.5 / (1 + 2 * s) + w * s).min() for w in (beta**2, beta)]
    assert values[0] == pytest.approx(beta - beta**2 / 2, rel=1e-6)
    assert values[1] == pytest.approx(np.sqrt(beta) - beta / 2, rel=1e-6)


def test_one_neuron_has_a_gap_of_half_the_square():
    # X = I, Y = (1, -1): all networks of one neuron, on a grid of angles and sizes.
    for beta in (0.2, 0.5, 0.8):
        angles, sizes = np.linspace(0, 2 * np.pi, 721), np.linspace(-2, 2, 801)
        h = np.maximum(np.stack([np.cos(angles), np.sin(angles)]), 0)
        F = h[:, :, None] * sizes
        errors = (F[0] - 1) ** 2 + (F[1] + 1) ** 2
        one = (errors / 2 + beta * np.abs(sizes)).min()
        assert one == pytest.approx(0.5 + beta - beta**2 / 2, abs=1e-4)
        best = solve(Problem(np.eye(2), [1.0, -1.0], beta)).certificate
        assert one - best.dual == pytest.approx((1 - beta) ** 2 / 2, abs=1e-4)


def test_zero_has_a_pattern_that_no_open_cell_has():
    found = enumerate_cells(np.array([[1.0], [-1.0]])).patterns
    assert {tuple(row) for row in np.asarray(found)} == {(True, False), (False, True)}
    assert len(enumerate_cells(np.eye(3))) == 2**3  # spike-free, and not one cell


def test_the_printed_bound_on_patterns_fails_at_one_sample_only():
    assert paper_cell_bound(1, 1) < generic_cell_count(1, 1) == 2
    for n in range(2, 40):
        for r in range(1, n + 1):
            assert generic_cell_count(n, r) <= paper_cell_bound(n, r)


def test_a_factorisation_along_rays_may_cost_any_multiple():
    # h = e_1 = (e_1 + s e_2) - s e_2: exact, at a cost that grows with s.
    for s in (0.0, 1.0, 100.0):
        H, G = np.array([[1.0, s], [0.0, s]]), np.array([[1.0], [-1.0]])
        assert np.allclose(H.T @ G, [[1.0], [0.0]])
        cost = (np.linalg.norm(H, axis=1) * np.abs(G[:, 0])).sum()
        assert cost >= 2 * s - 1
    assert split_block(np.array([[1.0], [0.0]]), np.eye(2)).cost == pytest.approx(1.0)
