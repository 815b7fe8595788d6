"""What Chapter 11 says in words holds in the book that was built."""

import numpy as np
import pytest

STEM = "11_relu_against_linear"
LAYOUTS = ["demeaned", "plain"]


@pytest.fixture
def values(values):
    return {name: float(value) for name, value in values.items()}


def test_true_thresholds_are_below_one_half(values):
    for end in LAYOUTS:
        assert values[f"low_{end}"] <= values[f"kappa_{end}"] < 0.5
        assert values[f"linear_kappa_{end}"] < 0.5


def test_on_demeaned_images_the_relu_network_lives_longer(values):
    assert values["low_demeaned"] > values["linear_kappa_demeaned"]
    assert values["kappa_plain"] <= values["linear_kappa_plain"]


@pytest.mark.parametrize("end", LAYOUTS)
def test_relu_network_tests_better_than_any_linear_one(values, end):
    assert values[f"relu_{end}"] < 0.75 * values[f"linear_{end}"]
    assert values[f"linear_{end}"] < 1  # better than the zero network


@pytest.mark.parametrize("end", LAYOUTS)
def test_formulas_without_training_do_better_still(values, end):
    assert values[f"both_{end}"] < values[f"relu_{end}"] < values[f"length_{end}"]
    # What holds on average over teachers, up to what one draw of ten outputs varies.
    assert values[f"length_{end}"] == pytest.approx(1 - 1 / np.pi, abs=0.1)
    assert values[f"both_{end}"] == pytest.approx(1 - 2 / np.pi, abs=0.05)


def test_best_relu_network_halves_the_test_loss_as_in_the_paper(values):
    assert values["relu_demeaned"] < 63038 / 125383
    assert values["longer"] > 10  # the losses themselves are not comparable


def test_the_wider_start_tests_worse_than_zero(values):
    assert values["wide"] > 1.5
    assert values["wide_rate"] < 1e-2  # the printed rate diverges


def test_descents_are_far_from_the_bound_at_the_smallest_beta(values):
    assert values["far_demeaned"] > 10


@pytest.mark.parametrize("end", LAYOUTS)
def test_pairs_of_the_uniform_teacher_are_those_of_a_normal_one(values, end):
    assert values[f"pairs_{end}"] == pytest.approx(1, abs=0.01)
