"""What Chapter 4 says in words holds in the book that was built."""

STEM = "04_cone_constrained_pca"


def test_faces_take_fewer_eigenproblems_than_subsets(values):
    assert values["distinct"] < values["faces"] < values["subsets"] / 5


def test_cones_for_a_random_point_grow_far_more_slowly_than_cells(values):
    search = values["search"]
    growth = {name: column[-1] / column[0] for name, column in search.items()}
    assert growth["random"] < growth["cells"] / 10
    assert growth["residual"] < growth["cells"] / 10  # "the gain is one of growth"
    pairs = zip(search["random"], search["cells"], strict=True)
    assert all(random < cells for random, cells in pairs)


def test_an_optimal_residual_takes_many_more_cones_and_for_few_samples_more_than_cells(
    values,
):
    search = values["search"]
    pairs = zip(search["residual"], search["random"], strict=True)
    assert all(residual > 5 * random for residual, random in pairs)
    assert search["residual"][0] > search["cells"][0]
    assert search["residual"][-1] < search["cells"][-1]


def test_power_steps_miss_often_and_careful_climbs_become_reliable(values):
    draws, missed = values["draws"], values["power_missed"]
    assert missed[-1] > draws / 4  # "more than a quarter" after a hundred starts
    assert missed == sorted(missed, reverse=True)
    assert values["climbs_missed"][2] > 0  # ten starts are not enough
    assert values["climbs_missed"][-1] == 0


def test_liftings_bound_where_cones_do_not(values):
    assert float(values["lifted_many"]) < float(values["lifted_one"]) < 10
    assert values["cones_gap"] > 100
