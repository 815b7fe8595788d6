"""Patches by hand, and the pooled network that sees them."""

import numpy as np
import pytest

from lib.problem import Network, Problem, objective, patches, pooled_problem, residual


def test_patches_of_a_small_image_are_those_written_out():
    image = np.arange(9.0).reshape(1, 3, 3)
    expected = [[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]]
    np.testing.assert_array_equal(patches(image, 2), expected)


def test_stride_skips_in_both_directions():
    image = np.arange(16.0).reshape(1, 4, 4)
    expected = [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    np.testing.assert_array_equal(patches(image, 2, 2), expected)


def test_channels_stay_together_pixel_by_pixel():
    images = np.random.default_rng(0).random((2, 3, 4, 5))
    rows = patches(images, 2)
    assert rows.shape == (2 * 2 * 3, 2 * 2 * 5)
    # Second image, first patch of its second row.
    np.testing.assert_array_equal(rows[6 + 3], images[1, 1:3, 0:2].ravel())


@pytest.mark.parametrize("shape", [(3, 3), (1, 1, 3, 3, 3)])
def test_patches_refuse_what_is_no_stack_of_images(shape):
    with pytest.raises(ValueError, match="images must be"):
        patches(np.zeros(shape), 2)


@pytest.mark.parametrize(("size", "stride"), [(0, 1), (4, 1), (2, 0)])
def test_patches_refuse_sizes_that_do_not_fit(size, stride):
    with pytest.raises(ValueError, match="must fit the images"):
        patches(np.zeros((1, 3, 3)), size, stride)


def test_pooled_outputs_are_the_sum_over_patches():
    rng = np.random.default_rng(0)
    images, V = rng.standard_normal((4, 3, 3)), rng.standard_normal((2, 5))
    filters = rng.standard_normal((2, 4))
    problem = Problem(patches(images, 2), np.zeros((4, 5)), 1.0, pooling=4)
    F = np.zeros((4, 5))
    for i, image in enumerate(images):
        for row in range(2):
            for column in range(2):
                patch = image[row : row + 2, column : column + 2].ravel()
                F[i] += np.maximum(filters @ patch, 0) @ V
    network = Network(filters, V)
    np.testing.assert_allclose(problem.predict(network), F, rtol=1e-13)
    np.testing.assert_allclose(residual(problem, network), -F, rtol=1e-13)
    value = 0.5 * (F**2).sum() + 0.5 * ((filters**2).sum() + (V**2).sum())
    assert objective(problem, network) == pytest.approx(value, rel=1e-13)


def test_pooling_and_spreading_are_adjoint():
    rng = np.random.default_rng(1)
    problem = Problem(np.ones((12, 1)), np.ones((4, 2)), 1.0, pooling=3)
    rows, Z = rng.standard_normal((12, 2)), rng.standard_normal((4, 2))
    left, right = np.vdot(problem.pool(rows), Z), np.vdot(rows, problem.spread(Z))
    assert left == pytest.approx(right, rel=1e-13)
    assert problem.shape == (4, 1, 2)


@pytest.mark.parametrize("pooling", [0, -2, 1.5])
def test_pooling_must_be_a_count(pooling):
    with pytest.raises(ValueError, match="whole number of patches"):
        Problem(np.ones((4, 1)), np.ones((4, 1)), 1.0, pooling=pooling)


def test_rows_must_be_a_multiple_of_the_samples():
    with pytest.raises(ValueError, match=r"3 rows for each row of Y; got X \(4, 1\)"):
        Problem(np.ones((4, 1)), np.ones((2, 1)), 1.0, pooling=3)


def test_pooled_problem_counts_the_patches_of_an_image():
    images = np.random.default_rng(1).random((3, 4, 5))
    problem = pooled_problem(images, np.ones((3, 2)), 0.1, size=2)
    assert (problem.pooling, problem.shape) == (12, (3, 4, 2))
    np.testing.assert_array_equal(problem.X, patches(images, 2))


def test_pooled_problem_refuses_targets_of_other_images():
    with pytest.raises(ValueError, match="X must have 4 rows for each row of Y"):
        pooled_problem(np.ones((2, 3, 3)), np.ones((3, 1)), 0.1, size=2)
