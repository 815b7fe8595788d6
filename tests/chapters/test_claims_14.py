"""What Chapter 14 says in words of the sizes that it was run with."""

import pytest

STEM = "14_complexity"


def test_cells_grow_with_one_power_less_than_the_printed_bound(values):
    for rank in (2, 3, 4, 5):
        cells, printed = (float(values[f"{k}_{rank}"]) for k in ("cells", "printed"))
        # Lower order terms: exponents of sums of binomials are above the leading one.
        assert cells == pytest.approx(rank - 1, abs=0.25)
        assert printed - cells == pytest.approx(1, abs=0.1)


def test_the_search_grows_slower_and_visits_a_small_share_of_the_cells(values):
    for rank in (3, 4, 5):
        assert float(values[f"nodes_{rank}"]) < float(values[f"cells_{rank}"]) - 0.5
    assert float(values["share"]) < 25
    assert values["hardest"] > 1e5


def test_a_million_planar_samples_take_seconds(values):
    assert values["planar_n"] == 1_000_000
    assert values["planar_seconds"] < 60  # some seconds, on a machine that is busy


def test_listing_reaches_fewer_samples_at_each_rank(values):
    assert values["reach_3"] > 100 * values["reach_9"]
    assert values["reach_9"] < 50
