"""What Chapter 8 says in words holds in the book that was built."""

import pytest

STEM = "08_spike_free_data"


def test_lapacks_neurons_cost_more_than_the_optimum(values):
    assert values["small_optimum"] == "7.24597"
    assert float(values["small_wrong"]) > 1.1 * float(values["small_optimum"])
    assert float(values["literal_cifar10"]) > 2 * float(values["value_cifar10"])


def test_the_formula_of_theorem_2_is_far_above_a_network_on_demeaned_data(values):
    assert (values["stated"], values["reached"]) == ("12.93", "8.28")
    stated, optimum = (
        float(values[f"{name}_cifar10_demeaned"]) for name in ("linear", "value")
    )
    assert stated > 1.5 * optimum  # "far above"


def test_on_demeaned_cifar_100_the_eye_cannot_tell_the_two_numbers(values):
    stated, optimum = (
        float(values[f"{name}_cifar100_demeaned"]) for name in ("linear", "value")
    )
    assert 0.998 * optimum < stated < optimum


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_figure_2_is_right_where_theorem_2_holds(values, name):
    assert values[f"linear_{name}"] == values[f"value_{name}"]
    assert 0 <= float(values[f"excess_{name}"]) < 0.01  # per cent
    assert values[f"train_{name}"] == "100"


def test_sgd_approaches_the_optimum_on_demeaned_data(values):
    assert 0 <= float(values["excess_cifar10_demeaned"]) < 5  # per cent
    assert 0 <= float(values["excess_cifar100_demeaned"]) < 5


def test_the_closed_form_is_far_faster_than_sgd(values):
    for name in ("cifar10", "cifar100"):
        assert float(values[f"seconds_{name}"]) < float(values[f"sgd_seconds_{name}"])


def test_exact_zca_tests_like_guessing(values):
    assert 9 <= float(values["test_cifar10"]) <= 12
    assert float(values["test_cifar100"]) <= 1.5


def test_fewer_images_other_statistics_and_a_ridge_test_better(values):
    exact = float(values["all_accuracy"])
    assert float(values["few_accuracy"]) > 1.5 * exact
    assert float(values["shared_accuracy"]) > 1.5 * exact
    assert float(values["ridge_accuracy"]) > 3 * exact
    assert float(values["ridge_fit"]) < 100
    assert values["ridge"] == "1"  # the most that was tried
    assert float(values["all_length"]) > 5 * float(values["few_length"])


def test_no_ridge_gives_the_agreement_of_figure_2_and_the_accuracy_of_figure_6(values):
    assert float(values["both_exact"]) < 0.01  # per cent
    assert float(values["both_small"]) > 10
    assert float(values["both_large"]) > 10
    accuracies = [float(values[f"both_{k}_accuracy"]) for k in ("small", "large")]
    assert 12 < accuracies[0] < accuracies[1]
