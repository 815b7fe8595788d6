"""What the captions and the prose say in words holds in the book that was built.

Theorems are asserted in the chapters themselves, for any parameters. These are the
observations, which hold for the parameters of `params/ci.yml`.
"""


def test_wider_networks_end_nearer_the_optimum(glued):
    medians = glued("01_one_network_many_minima")["medians"]
    assert medians == sorted(medians, reverse=True)
    assert medians[0] > 0.1  # "tens of percent"
    assert medians[-1] < 0.01  # "below one percent"


def test_the_optimal_network_is_within_the_width_of_theorem_1(glued):
    assert glued("01_one_network_many_minima")["width"] <= 25 * 5 + 1


def test_the_papers_numbers_of_cells_are_found_and_sampling_misses_some(glued):
    values = glued("02_hyperplane_arrangements")
    assert (values["gaussian_cells"], values["spiral_cells"]) == (50, 114)
    assert values["seen"] < values["all_cells"] == 602


def test_the_printed_program_falls_short_as_much_as_stated_elsewhere(glued):
    assert 19 <= glued("03_strong_duality")["shortfall"] <= 24


def test_a_small_excess_can_come_with_a_large_provable_gap(glued):
    values = glued("03_strong_duality")
    assert float(values["excess"]) < 0.1 * values["claimed"]


def test_no_descent_of_ten_neurons_reaches_the_optimum_and_fifty_come_close(glued):
    values = glued("05_frank_wolfe")
    assert values["near_10"] == 0
    assert float(values["best_10"]) > 1  # percent above the line: visibly
    assert float(values["worst_50"]) < 2  # percent: on the line, to the eye
    assert float(values["printed_50"]) > 2  # times the optimum: far from converged
    assert values["near_50"] < values["trials"]  # "two qualifications"
    assert float(values["own_50"]) > 3 * float(values["worst_50"])  # "much weaker"


def test_the_printed_run_of_algorithm_1_stays_far_above_our_gap(glued):
    values = glued("05_frank_wolfe")
    assert float(values["excess_1"]) / 100 > 1e6 * values["relative_gap"]
    assert float(values["short"]) > float(values["excess_1"])
