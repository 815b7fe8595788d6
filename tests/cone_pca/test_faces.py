"""Hand-solved cones, the errors, and what cone PCA guarantees."""

import numpy as np
import pytest

from lib.cone_pca import cone_pca, cone_pca_by_subsets
from lib.cone_pca.faces import FEASIBLE, cone_of

METHODS = [cone_pca, cone_pca_by_subsets]


@pytest.mark.parametrize("method", METHODS)
def test_top_eigenvector_inside_is_the_answer(method):
    found = method(np.diag([3.0, 1.0]), np.array([[1.0, 1.0], [1.0, -1.0]]))
    assert found.value == pytest.approx(3.0, rel=1e-15)
    np.testing.assert_allclose(found.direction, [1.0, 0.0], atol=1e-15)


@pytest.mark.parametrize("method", METHODS)
def test_maximum_outside_moves_to_the_nearest_ray(method):
    # |u_1| is largest, within the cone |u_1| <= u_2, on its rays.
    found = method(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0], [-1.0, 1.0]]))
    assert found.value == pytest.approx(np.sqrt(0.5), rel=1e-15)


@pytest.mark.parametrize("method", METHODS)
def test_without_constraints_it_is_the_spectral_norm(method):
    A = np.random.default_rng(0).standard_normal((4, 3))
    assert method(A, np.zeros((0, 3))).value == pytest.approx(np.linalg.norm(A, 2))


@pytest.mark.parametrize("method", METHODS)
def test_cone_with_lines_is_searched_along_them(method):
    # A half space: the top eigenvector or its opposite is always inside.
    found = method(np.diag([1.0, 5.0, 2.0]), np.array([[0.0, -1.0, 0.0]]))
    assert found.value == pytest.approx(5.0)
    assert found.direction[1] == pytest.approx(-1.0)


@pytest.mark.parametrize("method", METHODS)
def test_origin_alone_gives_zero(method):
    triangle = np.array([[1.0, 0.0], [-1.0, 1.0], [-1.0, -1.0]])
    found = method(np.eye(2), triangle)
    assert found.value == 0.0
    assert not found.direction.any()


@pytest.mark.parametrize("method", METHODS)
def test_flat_cone_is_searched_within_its_plane(method):
    # u_1 >= 0 and u_1 <= 0 leave a line and a half plane of it.
    B = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert method(np.diag([9.0, 2.0, 1.0]), B).value == pytest.approx(2.0)


def test_pentagon_has_five_rays():
    angles = 2 * np.pi * np.arange(5) / 5
    B = np.column_stack([np.cos(angles), np.sin(angles), np.ones(5)])
    assert len(cone_of(B).rays) == 5


def test_multiple_eigenvalue_still_finds_the_maximum():
    # Every vector of the plane is a top eigenvector; the cone is a thin wedge.
    B = np.array([[1.0, -0.999], [-0.998, 1.0]])
    found = cone_pca(np.eye(2), B)
    assert found.value == pytest.approx(1.0, rel=1e-15)
    assert (B @ found.direction >= -FEASIBLE).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("A", "B", "message"),
    [
        (np.eye(2), np.eye(3), r"equal width; got A \(2, 2\) and B \(3, 3\)"),
        (np.full((1, 2), np.nan), np.eye(2), r"A must be finite; got nan .*\(2 such"),
        (np.eye(2), np.full((1, 2), np.inf), r"B must be finite; got inf .*\(2 such"),
    ],
)
def test_cone_pca_refuses_what_does_not_fit(method, A, B, message):
    with pytest.raises(ValueError, match=message):
        method(A, B)


def test_cone_of_refuses_normals_that_are_not_finite():
    with pytest.raises(ValueError, match=r"B must be finite; got .*\(1 such"):
        cone_of(np.array([[np.nan, 1.0]]))


@pytest.mark.parametrize("method", [cone_pca, cone_pca_by_subsets])
@pytest.mark.parametrize("unit", [2.0**-700, 2.0**700])
def test_units_change_nothing_but_the_value(method, unit):
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((2, 3)), rng.standard_normal((4, 3))
    plain = method(A, B)
    assert plain.value > 0
    assert method(A, B * unit).value == plain.value
    scaled = method(A * unit, B)
    assert scaled.value == unit * plain.value
    np.testing.assert_array_equal(scaled.direction, plain.direction)
