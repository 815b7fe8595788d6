"""Lemma 4, the rank reduction, and validation, for any network and any data."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib.problem import Network, Problem, objective, reduce_rank
from lib.problem.problem import LARGEST

pytestmark = pytest.mark.property

ROUNDING = 1e-13
"""Relative to sums of moduli of a few dozen terms."""

SMALL = st.floats(-8, 8, width=32)


def matrices(rows, columns):
    """Draw a (rows, columns) matrix of moderate numbers."""
    return hnp.arrays(float, (rows, columns), elements=SMALL)


@st.composite
def cases(draw):
    """Draw a problem and a network that fit."""
    n, d, c, m = (draw(st.integers(1, 5)) for _ in range(4))
    problem = Problem(
        draw(matrices(n, d)), draw(matrices(n, c)), draw(st.floats(1e-3, 1e3))
    )
    return problem, Network(draw(matrices(m, d)), draw(matrices(m, c)))


@given(cases())
def test_objective_is_what_its_formula_says(case):
    problem, network = case
    expected = 0.0
    for x, y in zip(problem.X, problem.Y, strict=True):
        output = sum(
            max(float(x @ u), 0.0) * v
            for u, v in zip(network.U, network.V, strict=True)
        )
        expected += 0.5 * float(((output - y) ** 2).sum())
    for weights in (network.U, network.V):
        expected += problem.beta / 2 * float((weights**2).sum())
    assert objective(problem, network) == pytest.approx(expected, rel=1e-12)


@given(cases(), st.data())
def test_rescaling_a_neuron_keeps_the_outputs_and_the_path_norm(case, data):
    problem, network = case
    scales = np.array([data.draw(st.floats(0.1, 10)) for _ in range(network.width)])
    other = Network(network.U * scales[:, None], network.V / scales[:, None])
    size = network.hidden(problem.X) @ np.abs(network.V)
    atol = ROUNDING * (1 + size.max())
    np.testing.assert_allclose(
        other.predict(problem.X), network.predict(problem.X), rtol=0, atol=atol
    )
    assert other.path_norm == pytest.approx(network.path_norm, rel=ROUNDING)


@given(cases())
def test_balancing_keeps_the_outputs_and_is_the_cheapest_rescaling(case):
    problem, network = case
    balanced = network.balanced()
    size = network.hidden(problem.X) @ np.abs(network.V)
    np.testing.assert_allclose(
        balanced.predict(problem.X),
        network.predict(problem.X),
        rtol=0,
        atol=ROUNDING * (1 + size.max()),
    )
    assert balanced.weight_decay == pytest.approx(network.path_norm, rel=ROUNDING)
    assert balanced.weight_decay <= network.weight_decay * (1 + ROUNDING)


@given(cases())
def test_balancing_twice_is_balancing_once(case):
    once = case[1].balanced()
    twice = once.balanced()
    np.testing.assert_allclose(twice.U, once.U, rtol=1e-14)
    np.testing.assert_allclose(twice.V, once.V, rtol=1e-14)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 3), st.data())
def test_reduced_coordinates_give_the_data_back(n, d, rank, data):
    X = data.draw(matrices(n, rank)) @ data.draw(matrices(rank, d))
    reduced = reduce_rank(X)
    columns = reduced.coordinates.shape[1]
    assert columns <= max(1, min(n, d, rank)) or reduced.discarded == 0.0
    np.testing.assert_allclose(
        reduced.basis.T @ reduced.basis, np.eye(columns), atol=1e-14
    )
    missing = X - reduced.coordinates @ reduced.basis.T
    # What was cut, and the rounding of the product of two 6 x 6 matrices.
    slack = reduced.discarded + 1e-14 * np.linalg.norm(X)
    assert np.linalg.norm(missing, 2) <= slack


@given(cases())
def test_best_network_of_the_reduced_problem_costs_the_same_when_lifted(case):
    problem, _ = case
    reduced = reduce_rank(problem.X)
    assume(reduced.discarded <= 1e-12)
    r = reduced.coordinates.shape[1]
    small = Network(np.ones((2, r)), np.ones((2, problem.shape[2])))
    inner = Problem(reduced.coordinates, problem.Y, problem.beta)
    assert objective(problem, reduced.lift(small)) == pytest.approx(
        objective(inner, small), rel=1e-12
    )


@given(cases())
def test_input_weights_off_the_row_space_only_cost_weight_decay(case):
    problem, network = case
    reduced = reduce_rank(problem.X)
    projected = Network(network.U @ reduced.basis @ reduced.basis.T, network.V)
    size = np.abs(problem.X).sum() * np.abs(network.U).sum() * np.abs(network.V).sum()
    np.testing.assert_allclose(
        projected.predict(problem.X),
        network.predict(problem.X),
        rtol=0,
        atol=ROUNDING * (1 + size),
    )
    assert projected.weight_decay <= network.weight_decay * (1 + ROUNDING)


@given(hnp.arrays(float, (3, 2), elements=st.floats(allow_nan=True)))
def test_data_are_taken_exactly_if_finite_and_their_squares_are(X):
    largest = np.abs(X).max()
    if not np.isfinite(X).all():
        with pytest.raises(ValueError, match="X must be finite; got"):
            Problem(X, np.ones(3), 1.0)
    elif largest == 0 or 1 / LARGEST <= largest <= LARGEST:
        np.testing.assert_array_equal(Problem(X, np.ones(3), 1.0).X, X)
    else:
        with pytest.raises(ValueError, match="largest entry of X must be between"):
            Problem(X, np.ones(3), 1.0)
