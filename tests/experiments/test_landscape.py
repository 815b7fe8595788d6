"""Valleys that are proved are valleys, and paths have profiles."""

import numpy as np
import pytest

from experiments import end_narrow, obtuse_simplex, profile, prove_valley
from lib.data import gaussian_teacher
from lib.frank_wolfe import solve
from lib.problem import Network, Problem, objective
from lib.recovery import descend_to, prune


def trap(n: int, *, overlap: float = 0.15) -> tuple[Problem, Network]:
    problem = Problem(obtuse_simplex(n, overlap), np.ones(n), 0.2)
    root = np.sqrt(0.8)
    return problem, Network(root * problem.X, np.full((n, 1), root))


@pytest.mark.parametrize("n", [2, 3, 4])
def test_width_nc_has_a_spurious_valley(n):
    problem, network = trap(n)
    valley, best = prove_valley(problem, network), solve(problem)
    assert valley.closed
    assert objective(problem, network) == pytest.approx(n * (0.2 - 0.02), rel=1e-12)
    assert best.certificate.primal < valley.floor * 0.9
    assert prune(problem, best.network).width <= n  # the optimum fits into this width


def test_one_neuron_is_optimal_for_two_samples_so_twice_m_star_is_not_enough():
    problem, _ = trap(2)
    best = solve(problem)
    assert best.network.width == 1
    assert best.certificate.relative_gap <= 1e-9


def test_one_neuron_more_has_a_way_out():
    problem, network = trap(2)
    wider = Network(np.vstack([network.U, [[0, 0]]]), np.vstack([network.V, [[0]]]))
    path = descend_to(problem, wider, solve(problem).network)
    assert path.steepest <= 1e-9
    assert path.tear == 0


def test_from_sixty_degrees_of_overlap_on_the_trap_is_no_trap():
    with pytest.raises(ValueError, match="overlap < min"):
        obtuse_simplex(2, 0.5)
    gram = obtuse_simplex(4, 0.2) @ obtuse_simplex(4, 0.2).T
    np.testing.assert_allclose(gram, 1.2 * np.eye(4) - 0.2, atol=1e-15)


def test_no_network_on_the_rim_is_below_it_and_none_inside_below_the_floor():
    problem = Problem(
        *gaussian_teacher(9, 2, 2, 5, np.random.default_rng(0), init="torch"), 0.05
    )
    options = {"trials": 8, "epochs": 4000, "rate": 3e-3, "seed": 1}
    ends = end_narrow(problem, [1, 2], **options)
    closed = [v for one in ends.values() for v in one.valleys if v.closed]
    assert closed
    rng = np.random.default_rng(2)
    for valley in closed:
        centre = np.hstack([valley.network.U, valley.network.V])
        for share in (0.3, 1.0):
            for e in rng.standard_normal((50, *centre.shape)):
                moved = centre + share * valley.radius * e / np.linalg.norm(e)
                value = objective(problem, Network(moved[:, :2], moved[:, 2:]))
                assert value >= valley.floor - 1e-15
                assert share < 1.0 or value >= valley.rim - 1e-15


def test_nothing_is_proved_of_a_saddle_or_of_neurons_that_can_be_rotated():
    problem, _ = trap(2)
    saddle = Network(1e-3 * np.ones((1, 2)), [[1e-3]])
    assert not prove_valley(problem, saddle).closed
    twice = Problem(np.eye(2), np.ones((2, 2)), 0.2)
    same = Network([[0.7, 0.7], [0.7, 0.7]], [[0.6, 0.6], [0.6, 0.6]])
    assert not prove_valley(twice, same).closed


def test_two_ends_in_one_valley_are_not_spurious_for_each_other():
    x = Problem([[1.0], [-1.0]], [1.0, 0.7], 0.1)
    ends = end_narrow(x, [1], trials=12, epochs=3000, rate=1e-2, seed=0)[1]
    values = np.round(ends.floors, 6)
    best = 0.1 * 0.9 + 0.005 + 0.7**2 / 2
    other = 0.1 * 0.6 + 0.005 + 1.0 / 2
    assert set(values[ends.closed]) == {round(best, 6), round(other, 6)}
    np.testing.assert_array_equal(ends.spurious, ends.closed & (values > best + 0.01))


def test_profiles_begin_and_end_with_the_path():
    problem, network = trap(2)
    wider = Network(np.vstack([network.U, [[0, 0]]]), np.vstack([network.V, [[0]]]))
    path = descend_to(problem, wider, solve(problem).network)
    found = profile(problem, path, points=31)
    assert found.names == ("balance", "prune", "mix")
    assert found.heights[[0, -1]] == pytest.approx(found.line[[0, -1]], rel=1e-12)
    assert (found.heights <= found.chords + 1e-12).all()
