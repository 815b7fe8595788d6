"""Figures of losses draw a line a loss, and nothing where the loss is infinite."""

import numpy as np
import pytest

import figures

AT = np.array([0.0, 1.0, 2.0])


@pytest.mark.parametrize("plot", [figures.plot_losses, figures.plot_dual_values])
def test_each_loss_has_a_line_of_its_own_where_it_is_finite(ax, plot):
    plot(ax, AT, {"squared": [0.0, 1.0, 4.0], "logistic": [-np.inf, 1.0, 2.0]})
    first, second = ax.lines
    assert first.get_ydata().tolist() == [0.0, 1.0, 4.0]
    assert np.isnan(second.get_ydata()).tolist() == [True, False, False]
    assert first.get_color() != second.get_color()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "squared",
        "logistic",
    ]
    assert ax.get_xlabel()
    assert ax.get_ylabel()


def test_robust_fits_show_samples_truth_and_each_network(ax):
    samples = np.array([[0.0, 5.0], [1.0, 6.0]])
    figures.plot_robust_fits(ax, samples, AT, AT, {"Huber": 2 * AT})
    dots, truth, fit = ax.lines
    assert dots.get_xydata().tolist() == samples.tolist()
    assert truth.get_ydata().tolist() == AT.tolist()
    assert fit.get_ydata().tolist() == [0.0, 2.0, 4.0]
