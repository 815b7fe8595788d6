"""What chapter 17 says in words holds in the book that was built."""

STEM = "17_from_sgd_to_the_optimum"


def test_the_printed_rate_ends_far_above_and_the_larger_one_near(values):
    far, near = values["way_starts"]
    assert far > 10
    assert near < 1.05


def test_balancing_takes_off_most_of_the_far_start(values):
    assert values["balanced_share"] < 0.5


def test_the_straight_line_from_the_good_start_is_a_high_hill(values):
    assert values["way_hills"][1] > 5


def test_descents_of_one_to_four_neurons_end_in_spurious_valleys_and_five_are_open(
    values,
):
    *narrow, five = values["spurious_counts"]
    assert min(narrow) > 0
    assert five == 0
    assert values["closed_counts"][-1] == 0


def test_a_pruned_network_leaves_room_for_the_optimum(values):
    assert max(values["busy"]) <= values["nc_plus_1"] - 1


def test_the_trap_costs_more_than_its_optimum(values):
    assert float(values["trap_excess"]) > 10
