"""Figures of paths and of growth draw what they are given."""

from types import SimpleNamespace

import numpy as np
import pytest

import figures


def band():
    lower, upper = np.array([4.0, 3.0, 1.9]), np.array([4.0, 3.1, 1.9])
    return SimpleNamespace(
        betas=np.array([4.0, 2.0, 1.0]),
        lower=lower,
        upper=upper,
        chords=lower - np.array([0, 0.1, 0]),
        tangents=upper + np.array([0, 0.2, 0]),
        width=upper / lower - 1,
        plain_width=np.array([0.0, 0.15, 0.0]),
    )


def test_band_draws_two_areas_and_the_points_that_were_solved(ax):
    path = SimpleNamespace(betas=np.array([4.0, 1.0]), primal=np.array([4.0, 1.9]))
    figures.plot_band(ax, band(), path)
    assert len(ax.collections) == 2
    assert ax.lines[0].get_ydata().tolist() == [4.0, 1.9]


def test_band_width_shows_the_widest_place_of_both_kinds(ax):
    figures.plot_band_width(ax, band())
    low, high = ax.get_ylim()
    assert low < 0.1 / 3
    assert high > 0.15
    assert len(ax.lines) == 2


def test_path_errors_mark_the_best_held_out_beta(ax):
    betas = np.array([4.0, 2.0, 1.0])
    held_out = np.array([3.0, 1.0, 2.0])
    figures.plot_path_errors(ax, betas, np.array([3.0, 2.0, 0.5]), held_out)
    assert ax.lines[-1].get_xdata() == [2.0, 2.0]


def test_path_neurons_are_drawn_against_beta(ax):
    figures.plot_path_neurons(ax, np.array([4.0, 2.0]), np.array([0, 3]))
    assert ax.lines[0].get_ydata().tolist() == [0, 3]


def test_growth_draws_times_with_a_guide_and_errors_over_the_noise(ax):
    growth = SimpleNamespace(
        n=np.array([10, 100]),
        seconds=np.array([1.0, 9.0]),
        kappa_seconds=np.array([0.1, 2.0]),
        train_error=np.array([0.1, 0.2]),
        test_error=np.array([0.4, 0.3]),
        noise=0.2,
    )
    figures.plot_growth(ax, growth)
    assert len(ax.lines) == 3
    assert ax.lines[2].get_ydata() == pytest.approx([0.1, 2.0])
    ax.clear()
    figures.plot_growth_errors(ax, growth)
    assert ax.lines[1].get_ydata() == pytest.approx([2.0, 1.5])
