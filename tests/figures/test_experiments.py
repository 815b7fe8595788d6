"""Figures of the experiments draw what the results hold, on named axes."""

from types import SimpleNamespace

import numpy as np
import pytest

import figures


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


MARGIN = SimpleNamespace(
    seconds=np.array([0.0, 1.0]),
    objectives=np.array([9.0, 3.0]),
    test_accuracy=np.array([0.1, 0.4]),
    value=2.0,
    linear_value=2.5,
    closed_seconds=0.02,
    closed_test_accuracy=0.5,
)


def test_margin_objective_shows_the_curve_and_the_closed_form_in_its_time(ax):
    figures.plot_margin_objective(ax, MARGIN)
    assert ax.lines[0].get_ydata().tolist() == [9.0, 3.0]
    assert ax.lines[-1].get_xydata().tolist() == [[0.02, 2.0]]
    assert labels(ax) == ["SGD", "certified $p^*$", "(16)"]
    assert "s" in ax.get_xlabel()


def test_margin_accuracy_is_in_per_cent(ax):
    figures.plot_margin_accuracy(ax, MARGIN, lw=3)
    assert ax.lines[0].get_ydata().tolist() == [10.0, 40.0]
    assert ax.lines[1].get_ydata()[0] == 50.0
    assert ax.lines[0].get_linewidth() == 3
    assert "%" in ax.get_ylabel()


def test_spiral_losses_have_a_mark_a_method(ax):
    betas = np.array([0.1, 1.0])
    rows = dict.fromkeys(("sgd", "algorithm_1", "copositive", "ours"), betas + 1)
    figures.plot_spiral_losses(ax, SimpleNamespace(betas=betas, kappa=7.0, **rows))
    assert len(labels(ax)) == 4
    assert len({line.get_marker() for line in ax.lines[:4]}) == 4
    assert ax.lines[4].get_xdata()[0] == 7.0


def test_spiral_excess_is_drawn_at_the_floor_where_it_is_below(ax):
    betas = np.array([0.1, 1.0])
    rows = {"sgd": [0.5, -1e-16], "algorithm_1": [0.1, 0.0], "copositive": [1e-9, 0.0]}
    result = SimpleNamespace(
        betas=betas,
        relative_gap=np.array([1e-11, 1e-15]),
        excess=lambda method: np.array(rows[method]),
    )
    figures.plot_spiral_excess(ax, result, floor=1e-12)
    drawn = [line.get_ydata().tolist() for line in ax.lines]
    assert drawn == [[0.5, 1e-12], [0.1, 1e-12], [1e-9, 1e-12], [1e-11, 1e-12]]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert len(labels(ax)) == 4


def test_regions_show_every_point_of_its_class(ax):
    axis = np.linspace(-1, 1, 5)
    regions = np.zeros((2, 5, 5), int)
    data = {"X": np.eye(3)[:, :2], "Y": np.eye(3), "axis": axis, "regions": regions}
    figures.plot_regions(ax, SimpleNamespace(**data), which=1)
    assert [line.get_xydata().tolist() for line in ax.lines] == [
        [[1.0, 0.0]],
        [[0.0, 1.0]],
        [[0.0, 0.0]],
    ]


GENERATION = SimpleNamespace(
    betas=np.array([0.1, 1.0]),
    bound=np.array([1.0, 2.0]),
    relaxed=np.array([1.0, 2.0]),
    sgd=np.array([3.0, 2.0]),
    recovered=np.array([1.5, 4.0]),
    trimmed=np.array([1.25, 2.0]),
)


def test_generation_is_drawn_as_what_is_above_the_bound_down_to_its_accuracy(ax):
    figures.plot_generation(ax, GENERATION)
    drawn = [line.get_ydata().tolist() for line in ax.lines]
    assert drawn == [[2.0, 1e-6], [0.25, 1e-6], [0.5, 1.0], [1e-6, 1e-6]]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert len(labels(ax)) == 4


def test_a_plain_start_is_one_more_mark(ax):
    plain = SimpleNamespace(beta=0.1, final=5.0, bound=2.0)
    figures.plot_generation(ax, GENERATION, plain)
    assert ax.lines[0].get_xydata().tolist() == [[0.1, 1.5]]
    assert len(labels(ax)) == 5


def test_a_longer_descent_is_drawn_over_the_bound_with_the_papers_end(ax):
    result = SimpleNamespace(
        travel=np.array([0.0, 4.0]), objectives=np.array([6.0, 2.5]), bound=2.0
    )
    figures.plot_prolonged(ax, result, 3.0)
    assert ax.lines[0].get_xydata().tolist() == [[0.0, 2.0], [4.0, 0.25]]
    assert ax.lines[1].get_xdata()[0] == 3.0
    assert ax.get_yscale() == "log"


def test_looseness_is_in_per_cent_of_the_optimum(ax):
    figures.plot_looseness(ax, [1.0, 2.0], [0.5, 4.0], [2.0, 4.0])
    assert ax.lines[0].get_xydata().tolist() == [[1.0, 75.0], [2.0, 0.0]]
    assert "%" in ax.get_ylabel()


@pytest.mark.parametrize("channels", [1, 3])
def test_generated_images_stand_in_three_rows(ax, channels):
    images = np.arange(3 * 2 * 4 * 5 * 6 * channels, dtype=np.uint8)
    images = images.reshape(3, 2, 4, 5, 6, channels)
    result = SimpleNamespace(images=images, betas=np.array([0.1, 1.0]))
    figures.plot_generated(ax, result, which=1)
    picture = np.asarray(ax.images[0].get_array())
    assert picture.shape[:2] == (15, 24)
    corner = images[2, 1, 3]  # the last image of the last row
    shown = picture[10:, 18:].reshape(corner.shape)
    np.testing.assert_array_equal(shown, corner)
    assert next(t.get_text() for t in ax.get_yticklabels()) == "target"


@pytest.mark.parametrize("which", ["train", "test"])
def test_activations_draw_the_loss_asked_for_and_the_zero_network(ax, which):
    train, test = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])
    result = SimpleNamespace(
        betas=np.array([0.1, 1.0]),
        train=train,
        test=test,
        zero_train=2.0,
        zero_test=6.0,
        both_test=2.0,
        kappa=0.4,
    )
    figures.plot_activations(ax, result, which)
    shown = [line.get_ydata().tolist() for line in ax.lines[:2]]
    assert shown == {"train": train, "test": test}[which].tolist()
    more = ["length and interpolation"] if which == "test" else []
    assert labels(ax) == ["ReLU", "linear", "zero network", *more]
    assert which in ax.get_ylabel()


def test_complexity_draws_a_line_a_rank_and_the_bound_of_cells_only(ax):
    nan = np.nan
    result = SimpleNamespace(
        n=np.array([4, 8, 4, 8]),
        r=np.array([2, 2, 3, 3]),
        cells=np.array([8, 16, 14, 58]),
        printed=np.array([9.0, 99.0, 999.0, 9999.0]),
        nodes=np.array([nan, nan, 7.0, 9.0]),
    )
    figures.plot_complexity(ax, result)
    assert len(ax.lines) == 4
    ax.clear()
    figures.plot_complexity(ax, result, "nodes")
    assert [line.get_ydata().tolist() for line in ax.lines] == [[7.0, 9.0]]
