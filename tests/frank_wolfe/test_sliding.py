"""The sliding step: derivatives, monotonicity, and staying inside the cell."""

from dataclasses import replace

import numpy as np
import pytest

from lib.frank_wolfe.sliding.step import _faces, slide
from lib.frank_wolfe.sliding.walls import WALL_TOLERANCE, nearest_walls
from lib.master.fit import hold
from lib.problem import Network, Problem, objective

ROUNDING = 1e-12
"""Relative increase of an objective that rounding can explain."""

STATIONARY = 1e-6
"""Norm of the gradient after sliding, of objectives and weights of order one.
Newton stops where the objective no longer changes: at slopes near sqrt(1e-13)."""


@pytest.fixture
def problem():
    """Ten points in the plane, three outputs."""
    rng = np.random.default_rng(0)
    return Problem(rng.standard_normal((10, 2)), rng.standard_normal((10, 3)), 0.3)


@pytest.fixture
def network():
    """Five neurons, none on a wall."""
    rng = np.random.default_rng(1)
    return Network(rng.standard_normal((5, 2)), rng.standard_normal((5, 3)))


def slid(problem, network, **options):
    """Slide a network on a problem."""
    return slide(problem, network, **options)


def free(problem, network):
    """Describe a network's neurons as free to move in their cells."""
    walls = nearest_walls(problem, network.U)
    return _faces(hold(problem, network.U), walls, network.U, True)


def central_differences(f, x, step=1e-5):
    """Differentiate f, scalar or vector valued, along each coordinate of x."""
    eye = step * np.eye(len(x))
    return np.array([(f(x + e) - f(x - e)) / (2 * step) for e in eye])


def unpacked(point, network):
    """Return the network whose weights are listed in ``point``."""
    U = point[: network.U.size].reshape(network.U.shape)
    return Network(U, point[network.U.size :].reshape(network.V.shape))


def packed(network):
    """List the weights of a network."""
    return np.concatenate([network.U.ravel(), network.V.ravel()])


def test_value_and_gradient_are_those_of_the_objective(problem, network):
    faces, a = free(problem, network)
    point = faces.smooth(a, network.V)
    value, gradient = point.value, point.gradient
    assert value == pytest.approx(objective(problem, network), rel=1e-13)
    numeric = central_differences(
        lambda x: objective(problem, unpacked(x, network)), packed(network)
    )
    # Central differences err by step^2 = 1e-10 and eps / step = 1e-11 of values ~50.
    np.testing.assert_allclose(gradient, numeric, atol=1e-8 * value)


def test_hessian_is_the_derivative_of_the_gradient(problem, network):
    faces, a = free(problem, network)

    def gradient(x):
        V = x[len(a) :].reshape(network.V.shape)
        return faces.smooth(x[: len(a)], V).gradient

    hessian = faces.hessian(faces.smooth(a, network.V))
    numeric = central_differences(gradient, np.concatenate([a, network.V.ravel()]))
    np.testing.assert_allclose(hessian, numeric, atol=1e-8 * np.abs(hessian).max())
    np.testing.assert_array_equal(hessian, hessian.T)


def test_sliding_lowers_the_objective(problem, network):
    assert objective(problem, slid(problem, network)) < objective(problem, network)


def clear_of_walls(problem, network):
    """Tell which neurons are on no wall, (m,) bool."""
    lengths = np.outer(
        np.linalg.norm(network.U, axis=1), np.linalg.norm(problem.X, axis=1)
    )
    sines = np.abs(network.U @ problem.X.T) / lengths
    return sines.min(axis=1) > 100 * WALL_TOLERANCE


@pytest.mark.parametrize("seed", [1, 11])
def test_slid_network_is_stationary_off_the_walls(seed):
    # A near-interpolation problem of few points leaves neurons inside their cells.
    rng = np.random.default_rng(seed)
    problem = Problem(rng.standard_normal((4, 2)), rng.standard_normal((4, 3)), 0.1)
    before = Network(rng.standard_normal((3, 2)), rng.standard_normal((3, 3)))
    after = slid(problem, before)
    free = clear_of_walls(problem, after)
    assert free.any()
    slopes = central_differences(
        lambda x: objective(problem, unpacked(x, after)), packed(after), step=1e-7
    )
    by_U = slopes[: after.U.size].reshape(after.U.shape)[free]
    by_V = slopes[after.U.size :]
    assert max(np.abs(by_U).max(), np.abs(by_V).max()) < STATIONARY


def test_neuron_on_a_wall_is_stationary_along_it(problem):
    # On the wall of sample 0: its own length is all that may change.
    ray = np.array([-problem.X[0, 1], problem.X[0, 0]])
    after = slid(problem, Network(ray[None, :], np.ones((1, 3))))
    cosine = after.U[0] @ ray / np.linalg.norm(after.U[0]) / np.linalg.norm(ray)
    assert cosine == pytest.approx(1.0, abs=1e-14)
    slope = central_differences(
        lambda s: objective(problem, Network(s * after.U, after.V)), np.ones(1)
    )
    assert abs(slope[0]) < STATIONARY


def test_neurons_stay_in_their_closed_cells(problem):
    rng = np.random.default_rng(2)
    for _ in range(20):
        before = Network(rng.standard_normal((1, 2)), rng.standard_normal((1, 3)))
        after = slid(problem, before)
        if after.width:
            sides = np.sign(problem.X @ before.U[0])
            height = sides * (problem.X @ after.U[0])
            scale = np.linalg.norm(problem.X, axis=1) * np.linalg.norm(after.U[0])
            assert (height >= -10 * WALL_TOLERANCE * scale).all()


def test_without_rotation_directions_stay_and_weights_solve_the_group_lasso():
    # One neuron, unit activation h = (1, 0): v = (1 - beta / |h^T Y|) h^T Y.
    problem = Problem(np.eye(2), [[3.0, 4.0], [9.0, 9.0]], 1.0)
    after = slid(problem, Network([[1.0, -0.5]], [[1.0, 1.0]]), rotate=False)
    u = np.array([1.0, -0.5]) / np.hypot(1.0, 0.5)
    h = np.array([u[0], 0.0])
    np.testing.assert_allclose(after.U[0] / np.linalg.norm(after.U[0]), u, rtol=1e-14)
    v = (5 * h[0] - 1.0) / h[0] ** 2 * np.array([0.6, 0.8])
    np.testing.assert_allclose(np.outer(after.U[0], after.V[0]), np.outer(u, v))


def test_slid_network_is_balanced(problem, network):
    after = slid(problem, network)
    np.testing.assert_allclose(
        np.linalg.norm(after.U, axis=1), np.linalg.norm(after.V, axis=1), rtol=1e-14
    )


def test_neuron_that_does_not_pay_is_dropped(problem):
    beta = 1e3 * np.linalg.norm(problem.X) * np.linalg.norm(problem.Y)
    after = slid(replace(problem, beta=beta), Network([[1.0, 1.0]], np.ones((1, 3))))
    assert after.width == 0


@pytest.mark.parametrize(("U", "V"), [([[0.0, 0.0]], [[1.0]]), ([[1.0, 1.0]], [[0.0]])])
def test_neurons_with_a_zero_side_are_dropped(U, V):
    assert slid(Problem(np.eye(2), np.ones((2, 1)), 0.1), Network(U, V)).width == 0


def test_zero_network_stays_zero(problem):
    assert slid(problem, Network.zero(2, 3)).width == 0


def test_zero_data_leave_no_neuron():
    after = slid(
        Problem(np.zeros((3, 2)), np.ones((3, 1)), 0.5), Network([[1, 2]], [[1.0]])
    )
    assert after.width == 0


def test_optimal_network_is_not_moved():
    # One sample, p* = 1.5 at f = 1.
    problem = Problem([[1.0]], [[2.0]], 1.0)
    after = slid(problem, Network([[1.0]], [[1.0]]))
    np.testing.assert_allclose([after.U[0, 0], after.V[0, 0]], 1.0, rtol=1e-12)


@pytest.mark.parametrize("rotate", [True, False])
def test_repeated_and_antiparallel_samples_and_zero_rows_are_taken(rotate):
    X = np.array([[1.0, 2.0], [1.0, 2.0], [-2.0, -4.0], [0.0, 0.0]])
    problem = Problem(X, np.arange(8.0).reshape(4, 2), 0.5)
    before = Network([[1.0, 0.0], [-1.0, 0.3], [2.0, -1.0]], np.ones((3, 2)))
    after = slid(problem, before, rotate=rotate)
    assert objective(problem, after) <= objective(problem, before) * (1 + ROUNDING)
