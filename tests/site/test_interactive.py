"""The figures that move, worked from the keyboard, and what they say against `lib`."""

import json
import re

import numpy as np
import pytest

from experiments import pentagon
from lib.arrangements import enumerate_cells
from lib.cone_pca import oracle
from lib.frank_wolfe import solve
from lib.problem import Problem
from tools.book import Book

HOMES = {
    "landscape": "01_one_network_many_minima",
    "sphere": "02_hyperplane_arrangements",
    "planar": "04_cone_constrained_pca",
    "rounds": "05_frank_wolfe",
    "polygon": "09_copositive_programs",
}
PRESENT = {kind: stem for kind, stem in HOMES.items() if stem in Book().chapters()}
NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
SHOWN = 1e-4
"""Four digits after the point are shown, the last one rounded."""


@pytest.fixture(scope="module", params=PRESENT)
def figure(served, request):
    """A figure, its kind, and what was complained of while it was used."""
    kind = request.param
    with served.visit(f"chapters/{PRESENT[kind]}.html") as (window, seen):
        yield window.locator(f'.interactive[data-kind="{kind}"]'), kind, seen


def said(figure):
    return figure.locator(".interactive-readout").inner_text()


def numbers(figure):
    return [float(text) for text in re.findall(NUMBER, said(figure))]


def values(figure):
    return json.loads(figure.get_attribute("data-values"))


def test_arrow_keys_and_sliders_change_what_is_said(figure):
    place, _, seen = figure
    board = place.locator('[role="application"]')
    assert board.get_attribute("tabindex") == "0"
    assert len(board.get_attribute("aria-label")) > 20
    for target, key in (
        (board, "ArrowRight"),
        (place.locator("input").first, "ArrowLeft"),
    ):
        before = said(place)
        target.focus()
        target.press(key)
        assert said(place) != before
    assert seen.complaints == []


def test_it_says_what_the_library_computes(figure):
    place, kind, _ = figure
    place.page.reload()
    place.locator(".interactive-readout").wait_for()
    CHECKS[kind](place)


def check_landscape(place):
    *_, u, v, value = numbers(place)
    data = values(place)
    x, y = np.array(data["x"]), np.array(data["y"])

    def height(u, v):
        misfit = np.maximum(x * u, 0) * v - y
        return misfit @ misfit / 2 + data["beta"] * (u * u + v * v) / 2

    assert abs(height(u, v) - value) <= 10 * SHOWN  # u and v have two digits
    around = [height(u + a, v + b) for a in (-0.1, 0.1) for b in (-0.1, 0.1)]
    assert min(around) > height(u, v)


def check_sphere(place):
    data = values(place)
    points = np.array(data["points"][: data["count"]])
    assert numbers(place)[:2] == [data["count"], len(enumerate_cells(points))]


def check_planar(place):
    data = values(place)
    X, Y = np.array(data["points"]), np.array(data["outputs"])
    cells, kappa, _, beta, neurons, dual, primal = numbers(place)
    assert cells == len(enumerate_cells(X))
    assert abs(kappa - oracle(X, Y).value) <= SHOWN
    best = solve(Problem(X, Y, beta))
    assert dual - SHOWN <= best.certificate.primal <= primal + SHOWN
    assert primal - dual <= 1e-3 * primal
    assert neurons == directions(best.network)


def directions(network):
    """Count directions that neurons share, to a degree: copies count once."""
    angles = np.sort(np.degrees(np.arctan2(*network.U.T)))
    return np.sum(np.diff(angles, append=angles[0] + 360) > 1)


def check_rounds(place):
    rounds = values(place)["rounds"]
    assert numbers(place)[1] == len(rounds) - 1
    for entry in rounds:
        assert entry["dual"] <= rounds[-1]["primal"] <= entry["primal"] * (1 + 1e-12)


def check_polygon(place):
    data = values(place)
    true = pentagon(0.78)
    assert data["sides"] == 5
    sides, _, exact, relaxed, _ = numbers(place)
    assert sides == 5
    assert abs(exact - true.norm.value**2) <= SHOWN
    assert abs(relaxed - true.relaxed.value**2) <= SHOWN


CHECKS = {
    "landscape": check_landscape,
    "sphere": check_sphere,
    "planar": check_planar,
    "rounds": check_rounds,
    "polygon": check_polygon,
}


def test_without_scripts_the_page_says_where_the_figure_is(served):
    size = {"width": 1280, "height": 900}
    context = served.browser.new_context(viewport=size, java_script_enabled=False)
    window = context.new_page()
    window.goto(f"{served.base}chapters/{PRESENT['sphere']}.html")
    assert "Its still is above" in window.locator(".interactive").inner_text()
    context.close()


@pytest.mark.parametrize("kind", PRESENT)
def test_by_night_no_light_ground_shows_around_a_figure(served, kind):
    with served.visit(f"chapters/{PRESENT[kind]}.html", scheme="dark") as (window, _):
        frame = window.locator(f'.interactive[data-kind="{kind}"]')
        ground = frame.evaluate(
            "node => getComputedStyle(node.parentElement).backgroundColor"
        )
        assert ground == "rgba(0, 0, 0, 0)"
