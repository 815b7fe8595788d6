"""What Chapter 7 says in words holds in the book that was built."""

STEM = "07_cutting_planes"
METHODS = ("centre", "linear", "kelley", "bundle", "frank_wolfe")


def test_every_method_proves_the_gap_asked_for(values):
    assert values["tolerance"] == 1e-6
    assert max(*values["gaps"], values["gap_fw"]) <= 1e-6


def test_cones_take_about_half_the_questions_of_linear_cuts(values):
    share = values["questions_centre"] / values["questions_linear"]
    assert 0.4 <= share <= 0.6
    assert values["cuts_centre"] < values["cuts_linear"] / 5


def test_methods_with_a_subproblem_ask_fewest_and_half_way_does_not_pay(values):
    few = [values[f"questions_{name}"] for name in ("kelley", "bundle", "fw")]
    assert max(few) < values["questions_centre"] <= 36  # "a few dozen"
    assert values["questions_kelley"] < values["questions_bundle"]


def test_the_networks_own_residual_proves_far_less_than_the_pair(values):
    assert float(values["own_gap"]) > 1e3 * float(values["pair_gap"])


def test_no_force_of_the_centre_is_zero(values):
    assert values["width"] == values["cuts_centre"]


def test_questions_hardly_grow_with_the_unknowns_and_the_guarantee_does(values):
    counts = values["counts"]
    unknowns = [n * c for n, c in zip(counts["n"], counts["c"], strict=True)]
    enough = max(counts["guaranteed"]) / min(counts["guaranteed"])
    assert enough > 0.9 * max(unknowns) / min(unknowns)
    for name in METHODS:
        assert max(counts[name]) <= 4 * min(counts[name])  # unknowns: a factor 40
        assert max(counts[name]) < min(counts["guaranteed"])
