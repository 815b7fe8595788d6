"""What chapter 12 says in words holds in the book that was built."""

STEM = "12_pooled_cnns"


def test_the_printed_program_can_fall_below_half_of_the_optimum(values):
    short = values["shortfalls"]
    assert max(short) > 0.5
    assert min(short) > 0


def test_the_shortfall_grows_as_the_weight_decay_falls(values):
    assert values["shortfalls"] == sorted(values["shortfalls"], reverse=True)


def test_columns_agree_with_the_certified_optimum_and_use_few_pieces(values):
    assert float(values["agreement"]) < 1e-6
    assert values["used"] < values["pieces"] < int(values["cells"].replace(",", ""))


def test_two_directions_leave_out_a_good_part_of_the_patches(values):
    assert values["two_directions"] < 90


def test_more_filters_end_nearer_the_optimum(values):
    few, *_, many = values["descent_ends"]
    assert max(many) < min(few)
    assert values["many_filters"] > values["softmax_filters"]


def test_fifty_digits_are_certified_and_rank_nine_is_not(values):
    assert float(values["fifty_gap"]) < 1e-8
    assert 5 < float(values["large_gap"]) < 60
    assert float(values["large_cells"]) > 1e16


def test_the_large_network_is_known_not_to_be_optimal(values):
    assert float(values["large_above"]) > 0
