"""Losses by hand and by other routes: values, slopes, conjugates, targets."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from lib.losses import (
    LOSSES,
    SQUARED,
    Huber,
    Logistic,
    Softmax,
    Squared,
    best_scale,
    get_loss,
)

RNG = np.random.default_rng(0)
N, C = 6, 3
F = 2.0 * RNG.standard_normal((N, C))
CLASSES = np.eye(C)[RNG.integers(0, C, N)]
CASES = [
    pytest.param(Squared(), RNG.standard_normal((N, C)), id="squared"),
    pytest.param(Huber(0.7), RNG.standard_normal((N, C)), id="huber"),
    pytest.param(Logistic(), (RNG.random((N, C)) > 0.5) * 1.0, id="logistic"),
    pytest.param(Softmax(), CLASSES, id="softmax"),
]
each_loss = pytest.mark.parametrize(("loss", "Y"), CASES)

STEP = 1e-6
"""Of central differences: errs by STEP^2 of third derivatives and eps / STEP."""


@each_loss
def test_residual_is_minus_the_derivative_of_the_value(loss, Y):
    numeric = np.zeros_like(F)
    for index in np.ndindex(F.shape):
        bump = np.zeros_like(F)
        bump[index] = STEP
        numeric[index] = (loss.value(F + bump, Y) - loss.value(F - bump, Y)) / 2 / STEP
    np.testing.assert_allclose(-loss.residual(F, Y), numeric, atol=1e-8)


@each_loss
def test_curvature_is_the_derivative_of_the_slope(loss, Y):
    B = loss.curvature(F, Y)
    B = np.tile(np.eye(C), (N, 1, 1)) if B is None else B
    for k in range(C):
        bump = np.zeros_like(F)
        bump[:, k] = STEP
        ahead, behind = loss.residual(F + bump, Y), loss.residual(F - bump, Y)
        np.testing.assert_allclose(B[:, :, k], (behind - ahead) / 2 / STEP, atol=1e-7)


@each_loss
def test_dual_value_is_the_least_of_loss_plus_pairing(loss, Y):
    # -l*(-Z) = min_F l(F, Y) + <Z, F>, by a general minimiser.
    Z = 0.6 * loss.residual(F, Y)

    def lagrangian(f):
        G = f.reshape(F.shape)
        slope = Z - loss.residual(G, Y)
        return loss.value(G, Y) + float(np.vdot(Z, G)), slope.ravel()

    found = minimize(lagrangian, np.zeros(F.size), jac=True, tol=1e-12)
    # BFGS reaches slopes of 1e-6 and so values to about 1e-10.
    assert loss.dual(Z, Y) == pytest.approx(found.fun, abs=1e-8)


@each_loss
def test_fenchel_equality_holds_at_the_residual(loss, Y):
    R = loss.residual(F, Y)
    exact = loss.value(F, Y) + float(np.vdot(R, F))
    # The dual value is lowered by its rounding, up to 40 eps per entropy term.
    assert exact - 1e-11 <= loss.dual(R, Y) <= exact + 1e-13


@each_loss
def test_no_dual_value_exceeds_the_lagrangian_anywhere(loss, Y):
    Z = 0.9 * loss.residual(F, Y)
    for _ in range(200):
        G = 5.0 * RNG.standard_normal(F.shape)
        # Rounding of a sum of 18 terms below 100.
        assert loss.dual(Z, Y) <= loss.value(G, Y) + float(np.vdot(Z, G)) + 1e-13


@pytest.mark.parametrize(("loss", "Y"), CASES[1:])
def test_dual_value_is_minus_infinity_outside_the_domain(loss, Y):
    R = loss.residual(F, Y)
    s = loss.scale_limit(R, Y)
    assert math.isfinite(loss.dual(s * R, Y))
    assert loss.dual(1.01 * s * R, Y) == -math.inf


@each_loss
def test_scale_is_no_worse_than_any_other_on_its_interval(loss, Y):
    R = loss.residual(F, Y)
    for cap in (0.05, 0.5, 0.9, 3.0):
        s = best_scale(loss, R, Y, cap)
        assert 0.0 <= s <= cap
        top = min(cap, loss.scale_limit(R, Y))
        others = [loss.dual(t * R, Y) for t in np.linspace(0, top, 200)]
        assert loss.dual(s * R, Y) >= max(others) - 1e-10


@each_loss
def test_nothing_to_scale_gives_zero(loss, Y):
    assert best_scale(loss, np.zeros_like(F), Y, 1.0) == 0.0


@pytest.mark.parametrize("size", [1e3, 1e6])
def test_classification_losses_do_not_overflow(size):
    far = size * (1 - 2 * CLASSES)  # every class is wrong by 2 size
    for loss in (Softmax(), Logistic()):
        assert math.isfinite(loss.value(far, CLASSES))
        assert np.isfinite(loss.residual(far, CLASSES)).all()
        assert loss.value(far, CLASSES) > size


def test_confident_residuals_keep_their_relative_precision():
    scores = np.array([[40.0, 0.0]])
    R = Softmax().residual(scores, np.array([[1.0, 0.0]]))
    assert R[0, 0] == pytest.approx(math.exp(-40), rel=1e-14)
    assert Logistic().residual(scores, np.ones((1, 2)))[0, 0] == pytest.approx(
        math.exp(-40), rel=1e-14
    )


def test_softmax_dual_of_a_row_off_the_simplex_is_that_of_its_neighbour():
    Y = np.array([[1.0, 0.0]])
    Z = Y - np.array([[0.5, 0.4999]])
    q = 0.5 / 0.9999
    exact = -q * math.log(q) - (1 - q) * math.log(1 - q)
    assert Softmax().dual(Z, Y) < exact
    assert Softmax().repair(Z, Y)[0] >= 1e-4


def test_softmax_and_logistic_agree_on_two_classes():
    f, y = RNG.standard_normal((8, 1)), (RNG.random((8, 1)) > 0.5) * 1.0
    scores, classes = np.hstack([f, 0 * f]), np.hstack([y, 1 - y])
    ours = Softmax().value(scores, classes)
    assert ours == pytest.approx(Logistic().value(f, y), rel=1e-14)


def test_huber_with_a_large_delta_is_the_square():
    Y = RNG.standard_normal((N, C))
    assert Huber(1e3).value(F, Y) == pytest.approx(SQUARED.value(F, Y), rel=1e-14)
    assert Huber(1e3).dual(F / 9, Y) == SQUARED.dual(F / 9, Y)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_go_by_their_names(name):
    assert get_loss(name).name == name


def test_unknown_loss_is_refused():
    with pytest.raises(ValueError, match=r"squared, huber, .*got 'hinge'"):
        get_loss("hinge")


@pytest.mark.parametrize("loss", [["squared"], None, 3, {"huber": 1}])
def test_what_is_no_loss_is_refused_with_the_names_there_are(loss):
    with pytest.raises(ValueError, match=r"loss must be one of squared, .*; got"):
        get_loss(loss)


@pytest.mark.parametrize("delta", [0.0, -1.0, math.nan, math.inf])
def test_huber_refuses_a_delta_that_is_not_positive(delta):
    with pytest.raises(ValueError, match="delta > 0"):
        Huber(delta)


def test_softmax_reads_class_numbers():
    Y = Softmax().targets(np.array([[2.0], [0.0], [1.0]]))
    np.testing.assert_array_equal(Y, [[0, 0, 1], [1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([1, 2, 3], r"\[1, 2, 3\]"),
        ([10, 20, 30], r"\[10, 20, 30\]"),
        ([0, 2], r"\[0, 2\]"),
        ([1, 1], r"\[1\]"),
        ([0, 2**31], r"\[0, 2\.14748e\+09\]"),
    ],
)
def test_softmax_makes_up_no_classes_and_says_which_it_found(labels, told):
    Y = np.array(labels, dtype=float)[:, None]
    with pytest.raises(ValueError, match=rf"softmax loss; got {told}\. Number them"):
        Softmax().targets(Y)
    numbered = np.unique(Y, return_inverse=True)[1]
    if len(set(labels)) > 1:  # the remedy works
        assert Softmax().targets(numbered.reshape(-1, 1)).shape[1] == len(set(labels))


def test_softmax_takes_a_class_without_samples_in_one_hot_rows():
    Y = np.eye(3)[[0, 2]]
    np.testing.assert_array_equal(Softmax().targets(Y), Y)


@pytest.mark.parametrize(
    "Y", [[[0.5], [1.0]], [[-1.0], [1.0]], [[0.0], [0.0]], [[1.0, 1.0]], [[0.5, 0.5]]]
)
def test_softmax_refuses_other_targets(Y):
    with pytest.raises(ValueError, match="softmax loss; got"):
        Softmax().targets(np.array(Y))


def test_logistic_reads_signs():
    Y = Logistic().targets(np.array([[-1.0, 1.0]]))
    np.testing.assert_array_equal(Y, [[0.0, 1.0]])


@pytest.mark.parametrize("Y", [[[2.0]], [[0.5]], [[-1.0, 0.0]]])
def test_logistic_refuses_other_targets(Y):
    with pytest.raises(ValueError, match="labels 0 and 1"):
        Logistic().targets(np.array(Y))
