"""The checks of a chapter's parameters: what passes, and each refusal."""

import math
import types

import numpy as np
import pytest

from lib.parameters import (
    ParameterError,
    between,
    check,
    choice,
    each,
    flag,
    natural,
    path,
    positive,
)

FRESH_KERNEL = {
    "__name__": "__main__",
    "_": "",
    "_oh": {},
    "In": ["", "1 + 1"],
    "Out": {},
    "exit": print,
    "quit": print,
    "open": open,
    "get_ipython": print,
}
"""What stands in the namespace of a notebook before its first cell."""


def test_parameters_within_their_ranges_pass():
    namespace = {"beta": 0.5, "trials": 5, "init": "torch", "betas": [1e-2, 1.0]}
    check(
        namespace,
        beta=positive(),
        trials=natural(1),
        init=choice("torch", "normal"),
        betas=each(positive()),
    )


def test_imports_functions_and_the_kernels_own_names_are_no_parameters():
    check(FRESH_KERNEL | {"np": np, "math": math, "sin": math.sin, "T": int})


def test_chapter_without_parameters_passes():
    check({})


def test_unknown_parameter_is_refused_with_the_nearest_known_one():
    message = r"Unknown parameter 'betta'; did you mean 'beta'\? This chapter takes be"
    with pytest.raises(ParameterError, match=message):
        check({"beta": 1.0, "betta": 2.0}, beta=positive())


def test_unknown_parameter_unlike_any_is_refused_with_the_list():
    message = r"Unknown parameter 'depth'\. This chapter takes beta, seed\."
    with pytest.raises(ParameterError, match=message):
        check({"depth": 3}, seed=natural(), beta=positive())


def test_unknown_parameter_of_a_chapter_without_any_is_refused():
    with pytest.raises(ParameterError, match="This chapter takes no parameter"):
        check({"depth": 3})


def test_missing_parameter_is_refused():
    with pytest.raises(ParameterError, match="'beta' is missing; the parameters cell"):
        check({}, beta=positive())


@pytest.mark.parametrize("value", [0, -1.0, math.inf, math.nan, True, "1", None, [1.0]])
def test_positive_refuses_anything_else(value):
    with pytest.raises(ParameterError, match="'beta' must be a positive finite number"):
        check({"beta": value}, beta=positive())


@pytest.mark.parametrize("value", [1, 1e-300, 1e300])
def test_positive_takes_numbers_of_any_size(value):
    check({"beta": value}, beta=positive())


@pytest.mark.parametrize("value", [1, 2.0, True, "3", None])
def test_natural_refuses_anything_else(value):
    with pytest.raises(ParameterError, match="'seed' must be a whole number >= 2; got"):
        check({"seed": value}, seed=natural(2))


def test_natural_takes_its_minimum():
    check({"seed": 0}, seed=natural())
    check({"seed": 2}, seed=natural(2))


def test_choice_refuses_another_name_and_suggests():
    message = r"must be 'torch' or 'normal'; got 'norml'; did you mean 'normal'\?"
    with pytest.raises(ParameterError, match=message):
        check({"init": "norml"}, init=choice("torch", "normal"))


@pytest.mark.parametrize("value", [3, None, ["torch"]])
def test_choice_refuses_what_is_no_name(value):
    with pytest.raises(ParameterError, match="'init' must be 'torch' or 'normal'; got"):
        check({"init": value}, init=choice("torch", "normal"))


@pytest.mark.parametrize("value", [[], (), 1.0, None, "1"])
def test_each_refuses_what_is_no_list(value):
    with pytest.raises(ParameterError, match="'betas' must be a list that is not em"):
        check({"betas": value}, betas=each(positive()))


def test_each_says_which_entry_is_wrong():
    with pytest.raises(ParameterError, match=r"'betas\[1\]' must be a positive finite"):
        check({"betas": [1.0, -2.0]}, betas=each(positive()))


@pytest.mark.parametrize("value", [0, 1, "yes", None])
def test_flag_refuses_anything_but_true_and_false(value):
    check({"bias": True}, bias=flag())
    with pytest.raises(ParameterError, match="'bias' must be True or False; got"):
        check({"bias": value}, bias=flag())


def test_path_takes_none_and_what_exists(tmp_path):
    check({"data": ""}, data=path())
    check({"data": str(tmp_path)}, data=path())


@pytest.mark.parametrize("value", [3, None, ["a"]])
def test_path_refuses_what_is_no_text(value):
    with pytest.raises(ParameterError, match="'data' must be a path, or '' for none"):
        check({"data": value}, data=path())


def test_path_refuses_what_does_not_exist(tmp_path):
    gone = str(tmp_path / "gone.csv")
    with pytest.raises(ParameterError, match="'data' must be the path of a file that"):
        check({"data": gone}, data=path())


def test_parameter_errors_are_value_errors():
    assert issubclass(ParameterError, ValueError)


def test_parameter_injected_as_a_module_is_not_taken_for_data():
    check({"tool": types.ModuleType("tool")})


@pytest.mark.parametrize("value", [0.5, 1, 2.0])
def test_between_takes_both_ends(value):
    check({"beta": value}, beta=between(0.5, 2))


@pytest.mark.parametrize("value", [0.49, 2.1, float("nan"), True, "1", None])
def test_between_refuses_anything_else(value):
    with pytest.raises(ParameterError, match="must be a number from 0"):
        check({"beta": value}, beta=between(0.5, 2))
