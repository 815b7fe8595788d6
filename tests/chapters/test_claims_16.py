"""What chapter 16 says in words holds in the book that was built."""

import numpy as np

STEM = "16_paths_and_large_n"


def test_a_million_samples_are_trained_to_the_stated_gap_in_about_a_minute(values):
    assert values["largest_n"] == 1_000_000
    assert values["reached"]
    assert float(values["most_gap"]) <= 1e-4
    assert float(values["most_seconds"]) < 120  # "about a minute of processor time"
    assert float(values["memory"]) < 8


def test_times_grow_about_in_proportion_to_n(values):
    assert 0.6 < float(values["slope"]) < 1.25
    times = values["kappa_seconds"]
    # A thousandfold n: n log n would be a factor of 2000.
    assert 300 < times[-1] / times[0] < 5000


def test_training_and_held_out_error_meet(values):
    apart = np.abs(np.subtract(values["test_errors"], values["train_errors"]))
    assert apart[-1] < 0.3 * apart[0]
    # The mean of 5e5 squares of the held-out noise varies by 0.2 %.
    assert apart[-1] < 3 * 0.002


def test_averages_are_several_times_sharper_than_tangents_and_chords(values):
    assert float(values["plain"]) > 3 * float(values["sharp"])
    assert float(values["rough_plain"]) > 3 * float(values["rough_sharp"])
    assert float(values["promise"]) > float(values["plain"])


def test_the_held_out_error_has_its_minimum_inside_the_path(values):
    best = float(values["best_error"])
    assert best < 0.9 * float(values["last_error"])
    assert best < 0.9 * float(values["zero_error"])
    assert values["best_neurons"] < values["last_neurons"]
