"""What chapter 13 says in words holds in the book that was built."""

STEM = "13_other_losses"
LOSSES = ("squared", "huber", "logistic", "cross_entropy")


def test_every_loss_is_certified_far_below_what_a_figure_shows(values):
    assert float(values["worst_gap"]) <= 1e-7


def test_optimal_networks_of_different_losses_differ(values):
    shares = [values[f"{name}_correct"] for name in LOSSES]
    assert len(set(shares)) > 1 or len(set(values["widths"])) > 1
    assert min(shares) > 80  # with a bias the spiral can be learnt by each loss


def test_the_square_follows_the_outliers_and_hubers_loss_does_not(values):
    assert values["huber_error"] < 0.1 < 0.3 < values["squared_error"]
