"""The figure that compares methods: a row a method, a marker a problem."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes

MARKERS = "os^vD<>Pp*Xhd"
"""One shape a problem, in the order in which the problems come."""


def plot_benchmark(
    ax: Axes,
    rows: Mapping[str, Mapping[str, float]],
    colours: Mapping[str, str],
    *,
    floor: float = 0.0,
) -> Axes:
    """Draw a positive quantity of every method on every problem.

    Parameters
    ----------
    ax : Axes
    rows : mapping of str to mapping of str to float
        For each method, the first at the top, its quantity on each problem. A method
        without any keeps its row, empty.
    colours : mapping of str to str
        The colour of each method.
    floor : float
        Values below it are drawn at it: the resolution of the quantity.

    Raises
    ------
    ValueError
        If there are more problems than markers.
    """
    problems = list(dict.fromkeys(name for row in rows.values() for name in row))
    if len(problems) > len(MARKERS):
        raise ValueError(
            f"plot_benchmark has markers for {len(MARKERS)} problems; got "
            f"{len(problems)}. Draw fewer in one figure."
        )
    for problem, marker in zip(problems, MARKERS, strict=False):
        ax.plot([], [], marker, color="0.4", label=problem)  # for the legend
        for place, (method, row) in enumerate(rows.items()):
            if problem in row:
                value = max(row[problem], floor)
                style = {"color": colours[method], "alpha": 0.75, "ms": 6}
                ax.plot([value], [place], marker, **style)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(xscale="log", ylim=(len(rows) - 0.5, -0.5))
    return ax
