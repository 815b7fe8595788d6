"""What chapter 19 says in words holds in the book that was built."""

STEM = "19_stacking"


def test_depth_hardly_changes_the_optimum_behind_one_number(values):
    narrow = values["stage_optima"][0]
    assert max(narrow) < 1.01 * min(narrow)


def test_the_second_stage_gains_more_than_the_third_behind_two(values):
    assert float(values["wide_gain"]) > float(values["wide_last_gain"]) > 0


def test_descent_improves_on_the_certified_stages_and_ends_below_random_starts(values):
    rows = zip(values["greedy"], values["tuned"], values["random_ends"], strict=True)
    for greedy, tuned, drawn in rows:
        assert tuned < greedy
        assert tuned < min(drawn)


def test_the_lower_bound_of_the_deep_problem_is_nearly_empty(values):
    assert 0 < float(values["deep_floor"]) < 0.1 * float(values["wide_tuned"])


def test_the_accuracies_on_test_images_are_within_a_percent(values):
    names = "stage_test", "last_test", "deep_test"
    shares = [float(values[name]) for name in names]
    assert max(shares) - min(shares) <= 2
