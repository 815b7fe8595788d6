"""What chapter 15 says in words holds in the book that was built."""

STEM = "15_how_far_is_my_network"


def test_the_distance_lies_strictly_between_its_two_proved_sides(values):
    least, distance, most = (
        float(values[name]) for name in ("least", "distance", "most")
    )
    assert 0 < least < distance < most
    assert most > 2 * distance  # "loose"
    assert values["best_gap"] <= 1e-8  # so the distance itself is certified


def test_one_neuron_in_the_right_place_does_more_than_going_on(values):
    before = float(values["above_trained"])
    alone = float(values["above_trained_descent_goes_on"])
    grown = float(values["above_one_neuron_more_descent_goes_on"])
    assert before - alone < 0.1 * before  # "all but come to rest"
    assert before - grown > 5 * (before - alone)
    assert float(values["above_one_round"]) < grown


def test_only_the_end_says_where_neurons_are(values):
    assert float(values["open_first"]) > 50 > 10 > float(values["open_last"])
    assert float(values["answers_last"]) < 1e-4


def test_trials_differ_in_nothing_but_their_starts_and_end_far_apart(values):
    assert float(values["farthest"]) > 2 * float(values["nearest"]) > 0


def test_a_search_with_a_time_limit_proves_more_than_the_relaxation(values):
    assert 0 < float(values["limited_gap"]) < float(values["relaxed_gap"])
