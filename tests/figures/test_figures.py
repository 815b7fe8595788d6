"""Figures draw what they are given: an artist a datum, axes named."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import figures
from lib.problem import Network


def named(ax):
    """Tell whether both axes say what they show."""
    return bool(ax.get_xlabel()) and bool(ax.get_ylabel())


def drawn(line):
    """Return the points of a line, (k, 2)."""
    return np.column_stack([line.get_xdata(), line.get_ydata()])


def test_final_objectives_show_every_trial_and_the_median_of_each_width(ax):
    excess = {5: np.array([1.0, 2.0, 4.0]), 10: np.array([0.1, 0.2])}
    figures.plot_final_objectives(ax, excess, np.random.default_rng(0))
    dots, bar, more_dots, more_bar = ax.lines
    assert sorted(dots.get_ydata()) == [1.0, 2.0, 4.0]
    assert sorted(more_dots.get_ydata()) == [0.1, 0.2]
    assert bar.get_ydata()[0] == 2.0
    assert more_bar.get_ydata()[0] == pytest.approx(0.15)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["5", "10"]
    assert named(ax)


def test_jitter_does_not_mix_neighbouring_widths(ax):
    excess = {m: np.ones(500) for m in (5, 10, 25)}
    figures.plot_final_objectives(ax, excess, np.random.default_rng(0))
    for place, line in enumerate(ax.lines[::2]):
        assert np.abs(line.get_xdata() - place).max() < 0.5


def test_rescaling_marks_the_least_objective(ax):
    gammas = np.array([0.5, 1.0, 2.0])
    figures.plot_rescaling(ax, gammas, np.array([3.0, 1.0, 2.0]))
    assert drawn(ax.lines[1]).tolist() == [[1.0, 1.0]]
    assert named(ax)


def test_a_segment_marks_both_ends(ax):
    figures.plot_segment(ax, np.linspace(0, 1, 3), np.array([1.0, 5.0, 1.5]))
    assert drawn(ax.lines[1]).tolist() == [[0.0, 1.0], [1.0, 1.5]]


def test_the_hull_is_drawn_at_both_sizes_with_circles_around_the_targets(ax):
    curve = np.array([[0.0, 1.0], [0.8, 0.8], [1.0, 0.0]])
    hull = np.array([[1.0, 0.0], [0.8, 0.8], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    Y, F = np.array([3.0, 4.0]), np.array([1.6, 1.6])
    figures.plot_hull(ax, curve, hull, 2.0, Y, F)
    outline, atoms, opposite, *points = ax.lines
    assert drawn(outline)[:-1].tolist() == (2 * hull).tolist()
    assert drawn(outline)[-1].tolist() == drawn(outline)[0].tolist()  # closed
    assert drawn(atoms).tolist() == (-drawn(opposite)).tolist() == curve.tolist()
    assert [drawn(point)[0].tolist() for point in points] == [[3.0, 4.0], [1.6, 1.6]]
    circles = [patch for patch in ax.patches if hasattr(patch, "radius")]
    assert {tuple(circle.center) for circle in circles} == {(3.0, 4.0)}
    assert np.linalg.norm(Y - F) in [circle.radius for circle in circles]  # touches
    assert named(ax)


def test_sectors_are_as_many_as_walls_and_close_the_circle(ax):
    X = np.array([[1.0, 0.0], [0.0, 2.0]])
    angles = np.array([0.1, 1.0, 3.0, 4.0])
    scale = figures.plot_sectors(ax, X, angles, np.array([0, 1, 2, 1]))
    widths = [(w.theta2 - w.theta1) % 360 for w in ax.patches]
    assert sum(widths) == pytest.approx(360)
    assert scale.get_clim() == (0, 2)
    assert drawn(ax.lines[0]).tolist() == X.tolist()
    assert named(ax)


def test_the_grid_of_the_sphere_consists_of_unit_vectors_toward_the_viewer():
    directions, inside = figures.sphere_grid(50)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1)
    assert (directions[:, 2] > 0).all()
    assert inside.sum() == len(directions)
    # Disc in square: pi / 4, up to the pixels that the rim cuts.
    assert abs(inside.mean() - np.pi / 4) < 4 / 50


def test_the_grid_starts_at_the_top_as_pictures_do():
    directions, _ = figures.sphere_grid(11)
    assert directions[0, 1] == directions[:, 1].max() > 0


def test_the_sphere_leaves_pixels_outside_the_disc_empty(ax):
    directions, inside = figures.sphere_grid(20)
    shown = figures.plot_sphere(ax, inside, np.arange(len(directions), dtype=float))
    picture = np.ma.filled(shown.get_array(), np.nan)
    assert np.array_equal(np.isnan(picture), ~inside)


def test_great_circles_are_orthogonal_to_their_points_and_skip_zero_rows(ax):
    X = np.array([[0.0, 0.0, 1.0], [1.0, 2.0, 0.5], [0.0, 0.0, 0.0]])
    figures.plot_great_circles(ax, X)
    segments = ax.collections[0].get_segments()
    assert len(segments) == 2
    rim = segments[0]  # the circle of the first point is the rim of the disc
    assert np.allclose(np.linalg.norm(rim, axis=1), 1)


def test_cell_counts_draw_two_lines_a_rank(ax):
    sizes = [4, 8]
    counts = {2: np.array([8, 16]), 3: np.array([14, 58])}
    figures.plot_cell_counts(ax, sizes, counts, counts)
    assert len(ax.lines) == 4
    assert len(ax.get_legend().get_texts()) == 4
    assert named(ax)


def test_correlation_shows_the_level_and_the_neurons_in_degrees(ax):
    angles = np.linspace(0, 2 * np.pi, 5)
    figures.plot_correlation(ax, angles, np.ones(5), 0.7, np.array([np.pi]))
    curve, level, neurons = ax.lines
    assert curve.get_xdata()[-1] == pytest.approx(360)
    assert set(level.get_ydata()) == {0.7}
    assert drawn(neurons).tolist() == [[180.0, 0.0]]


def test_sandwich_shows_relative_distances_of_a_list(ax):
    figures.plot_sandwich(ax, np.array([10, 20]), [1.5, 1.1], 1.0)
    assert np.allclose(ax.lines[0].get_ydata(), [0.5, 0.1])


def test_literal_draws_both_values(ax):
    betas = np.array([0.1, 0.2])
    figures.plot_literal(ax, betas, np.array([1.0, 2.0]), np.array([0.5, 1.0]))
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1, 2], [0.5, 1]]


def test_descents_draw_every_trial_and_count_them(ax):
    curves = np.arange(1.0, 7.0).reshape(2, 3)
    figures.plot_descents(ax, np.array([0, 10]), curves, 0.5)
    assert len(ax.lines) == 4
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "SGD, 3 trials",
        "certified $p^*$",
    ]


def test_descents_can_be_drawn_as_what_is_above_the_optimum(ax):
    curves = np.array([[4.0, 2.0], [3.0, 1e300]])
    figures.plot_descents(ax, np.array([0, 10]), curves, 2.0, excess=True)
    first, second = (line.get_ydata() for line in ax.lines)
    assert first.tolist() == [1.0, 0.5]
    assert np.isnan(second).tolist() == [False, True]
    assert "p^* - 1" in ax.get_ylabel()


def test_a_diverged_descent_leaves_the_picture(ax):
    curves = np.array([[1.0, 1.0], [2.0, 1e300], [1.5, np.inf]])
    figures.plot_descents(ax, np.arange(3), curves, 1.0)
    assert np.isnan(ax.lines[1].get_ydata()).tolist() == [False, True, True]
    ax.figure.canvas.draw()  # a logarithmic axis up to 1e300 would overflow


def test_bounds_are_distances_to_the_optimum(ax):
    steps = np.array([1, 10])
    figures.plot_bounds(ax, steps, np.array([4.0, 3.0]), np.array([1.0, 1.9]), 2.0)
    assert np.allclose(ax.lines[0].get_ydata(), [1.0, 0.5])
    assert np.allclose(ax.lines[1].get_ydata(), [0.5, 0.05])


def test_rounds_stop_at_the_floor(ax):
    figures.plot_rounds(ax, np.array([2.0, 1.0]), np.array([-3.0, 1.0]), 1e-16)
    assert ax.lines[0].get_ydata().tolist() == [1.0, 1e-16]


def test_radii_take_a_plain_list(ax):
    figures.plot_radii(ax, np.array([0.9, 1.0]), [2.2, 2.0], 1.0)
    assert np.allclose(ax.lines[0].get_ydata(), [1.2, 1.0])


def test_methods_have_different_colours():
    assert len(set(figures.COLOURS.values())) == len(figures.COLOURS)


def test_the_book_style_gives_the_same_svg_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    with plt.style.context(figures.style.STYLE):
        files = [tmp_path / "a.svg", tmp_path / "b.svg"]
        for path in files:
            fig, axes = plt.subplots()
            axes.plot([0, 1], label="line")
            axes.legend()
            fig.savefig(path, metadata={"Date": None})
            plt.close(fig)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_benchmark_has_a_row_for_each_method_and_a_marker_for_each_problem(ax):
    rows = {"ours": {"p": 1.0, "q": 1e-12}, "other": {"q": 30.0}, "missing": {}}
    colours = dict.fromkeys(rows, "black")
    figures.plot_benchmark(ax, rows, colours, floor=1e-9)
    points = {
        tuple(map(float, drawn(line)[0])) for line in ax.lines if len(drawn(line))
    }
    assert points == {(1.0, 0.0), (1e-9, 0.0), (30.0, 1.0)}
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(rows)
    assert ax.get_legend_handles_labels()[1] == ["p", "q"]
    low, high = ax.get_ylim()
    assert low > high  # the first method is at the top


def test_benchmark_refuses_more_problems_than_it_has_markers(ax):
    rows = {"ours": {str(k): 1.0 for k in range(40)}}
    with pytest.raises(ValueError, match="markers for 13 problems; got 40"):
        figures.plot_benchmark(ax, rows, {"ours": "black"})


def test_ratios_are_bars_from_one_the_first_at_the_top(ax):
    figures.plot_ratios(ax, {"low": 0.5, "high": 1.25})
    low, high = ax.patches
    assert (low.get_x(), low.get_width()) == (1.0, -0.5)
    assert (high.get_x(), high.get_width()) == (1.0, 0.25)
    assert low.get_y() > high.get_y()
    assert [text.get_text() for text in ax.texts] == ["0.500", "1.250"]


def test_landscape_spans_the_grid_of_both_weights(ax):
    grid = np.linspace(-2, 2, 9)
    figures.plot_landscape(ax, grid, np.add.outer(grid**2, grid))
    assert ax.get_xlim() == ax.get_ylim() == (-2, 2)
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "input weight $u$",
        "output weight $v$",
    )


def test_a_split_shows_an_arrow_a_neuron_and_its_cost(ax):
    neurons = Network([[2.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [3.0, 0.0]])
    figures.plot_split(ax, np.eye(2), neurons, "sgd")
    tips = np.array([text.xy for text in ax.texts])
    assert np.allclose(tips, [[np.sqrt(2), 0], [0, np.sqrt(3)]])
    assert ax.get_title() == "cost 5, 2 neurons"
    (cone,) = ax.patches
    assert cone.contains_point(ax.transData.transform((0.5, 0.7)))
    assert named(ax)


def test_tiles_stand_in_rows_with_gaps_and_zero_in_the_middle_of_their_scale(ax):
    tiles = np.arange(12.0).reshape(3, 2, 2) - 3.0
    shown = figures.plot_tiles(ax, tiles, columns=2, signed=True)
    sheet = np.ma.filled(shown.get_array(), np.nan)
    assert sheet.shape == (5, 5)
    assert np.array_equal(sheet[:2, :2], tiles[0])
    assert np.array_equal(sheet[:2, 3:], tiles[1])
    assert np.array_equal(sheet[3:, :2], tiles[2])
    assert np.isnan(sheet[2]).all()
    assert np.isnan(sheet[3:, 3:]).all()
    assert shown.get_clim() == (-8.0, 8.0)


def test_images_are_drawn_from_black_to_white(ax):
    shown = figures.plot_tiles(ax, np.zeros((1, 2, 2)), columns=1, signed=False)
    assert shown.get_clim() == (0.0, 1.0)


def test_pooled_values_show_the_optimum_and_both_programs(ax):
    betas = np.array([0.1, 1.0])
    figures.plot_pooled_values(ax, betas, betas + 1, betas + 2, betas + 3)
    heights = [line.get_ydata().tolist() for line in ax.lines]
    assert heights == [(betas + k).tolist() for k in (1, 2, 3)]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.1", "1"]
    assert named(ax)
