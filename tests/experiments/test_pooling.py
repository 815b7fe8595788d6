"""Digits for pooled CNNs, and a proof that some work buys."""

import numpy as np
import pytest

from experiments import certify_digits, compare_programs, small_digits
from lib.data import load_images
from lib.problem import Network, objective, pooled_problem


def test_small_digits_are_means_of_blocks_in_the_middle():
    images, Y = small_digits(20, 8)
    pack = load_images("mnist_train_100")
    assert images.shape == (20, 8, 8)
    block = pack.images[5, 2:5, 8:11, 0]  # three columns of blocks are 2 + 2 * 3 on
    assert images[1, 0, 2] == pytest.approx(block.mean() / 255.0)
    assert np.array_equal(Y, pack.one_hot[::5])
    assert Y.sum(axis=0).tolist() == [2] * 10


@pytest.mark.parametrize(("count", "pixels"), [(30, 8), (0, 8), (10, 0), (10, 29)])
def test_sizes_that_do_not_fit_the_pack_are_refused(count, pixels):
    with pytest.raises(ValueError, match="count must divide 100"):
        small_digits(count, pixels)


def test_a_proof_by_count_of_nodes_holds_and_comes_out_the_same_again():
    told = {"count": 10, "pixels": 6, "beta": 1.5}  # four neurons are left
    short, again, longer = (certify_digits(**told, nodes=k) for k in (2, 2, 8))
    images, Y = small_digits(10, 6)
    problem = pooled_problem(images, Y, 1.5, size=3, stride=2, loss="softmax")
    network = Network(short.filters.reshape(-1, 9), short.outputs)
    assert network.width > 0
    assert objective(problem, network) == pytest.approx(short.primal, rel=1e-12)
    assert max(short.dual, longer.dual) <= min(short.primal, longer.primal)
    assert short.kappa <= short.kappa_bound
    assert (short.rows, short.rank) == (len(problem.X), 9)
    assert 0 <= short.relative_gap <= 1
    for name in ("primal", "dual", "kappa", "kappa_bound"):
        assert getattr(again, name) == getattr(short, name)


@pytest.mark.parametrize("loss", ["squared", "softmax"])
def test_the_corrected_program_is_the_optimum_and_the_printed_one_below(loss):
    found = compare_programs((0.2, 0.5), count=5, loss=loss)
    assert found.betas.tolist() == [0.2, 0.5]
    assert found.gaps.max() <= 1e-8
    np.testing.assert_allclose(found.corrected, found.network, rtol=1e-6)
    assert (found.shortfall > 0.01).all()
