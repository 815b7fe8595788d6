"""The kinds of a chapter's parameters: what passes, in which form, and each refusal."""

import math
import types
from typing import Any

import numpy as np
import pytest

from lib.parameters import (
    Between,
    ExistingPath,
    Law,
    LossName,
    ParameterError,
    Positive,
    Whole,
    check,
    kind_of,
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


def declared(cell: str, **injected: Any) -> dict[str, Any]:
    """Run a cell of parameters as a kernel does; put in what papermill would."""
    namespace = FRESH_KERNEL | {"Law": Law, "Positive": Positive, "Whole": Whole}
    exec(cell, namespace)
    return namespace | injected


def test_parameters_within_their_ranges_pass():
    cell = "beta: Positive = 0.5\ntrials: Whole[1] = 5\nlaw: Law = 'torch'"
    check(declared(f"{cell}\nbetas: list[Positive] = [1e-2, 1.0]\nbias: bool = True"))


def test_imports_functions_and_the_kernels_own_names_are_no_parameters():
    check(FRESH_KERNEL | {"np": np, "math": math, "sin": math.sin, "T": int})


def test_kinds_that_a_chapter_imports_are_no_parameters():
    kinds = [Law, Positive, Whole, Whole[3], kind_of(list[Positive]), ParameterError]
    check(FRESH_KERNEL | {f"kind_{k}": kind for k, kind in enumerate(kinds)})


def test_chapter_without_parameters_passes():
    check({})


def test_unknown_parameter_is_refused_with_the_nearest_known_one():
    message = r"Unknown parameter 'betta'; did you mean 'beta'\? This chapter takes be"
    with pytest.raises(ParameterError, match=message):
        check(declared("beta: Positive = 1.0", betta=2.0))


def test_unknown_parameter_unlike_any_is_refused_with_the_list():
    message = r"Unknown parameter 'depth'\. This chapter takes beta, seed\."
    with pytest.raises(ParameterError, match=message):
        check(declared("seed: Whole[0] = 0\nbeta: Positive = 1.0", depth=3))


def test_unknown_parameter_of_a_chapter_without_any_is_refused():
    with pytest.raises(ParameterError, match="This chapter takes no parameter"):
        check({"depth": 3})


def test_missing_parameter_is_refused():
    with pytest.raises(ParameterError, match="'beta' is missing; the parameters cell"):
        check(declared("beta: Positive"))


@pytest.mark.parametrize("value", [0, -1.0, math.inf, math.nan, True, "1", None, [1.0]])
def test_positive_refuses_anything_else(value):
    with pytest.raises(ParameterError, match="'beta' must be a positive finite number"):
        check(declared("beta: Positive = 1.0", beta=value))


@pytest.mark.parametrize("value", [1, 1e-300, 1e300])
def test_positive_takes_numbers_of_any_size(value):
    check(declared("beta: Positive = 1.0", beta=value))


@pytest.mark.parametrize("value", [1, 2.0, True, "3", None])
def test_whole_refuses_anything_else(value):
    with pytest.raises(ParameterError, match="'seed' must be a whole number >= 2; got"):
        Whole[2]("seed", value)


def test_whole_takes_its_minimum():
    assert Whole[0]("seed", 0) == 0
    assert Whole[2]("seed", 2) == 2


@pytest.mark.parametrize("kind", [Positive, Between[1, 3, 2], float])
def test_numbers_that_are_the_same_have_one_form(kind):
    for value in (1, 1.0):
        taken = kind_of(kind)("beta", value)
        assert (taken, type(taken)) == (1.0, float)
    assert kind_of(list[kind])("betas", (1, 1.5)) == [1.0, 1.5]
    assert type(kind_of(int)("seed", 1)) is int


@pytest.mark.parametrize("text", ["1e-1", "1e3", "0.5"])
def test_a_number_that_yaml_took_for_text_is_told_why(text):
    message = f"got {text!r} of type str: YAML takes it for text, write {float(text)}"
    with pytest.raises(ParameterError, match=message):
        Positive("beta", text)


def test_a_word_is_not_called_a_number():
    with pytest.raises(ParameterError, match=r"got 'many' of type str\.$"):
        Positive("beta", "many")


def test_a_law_refuses_another_name_and_suggests():
    message = r"must be 'torch' or 'normal'; got 'norml' .*; did you mean 'normal'\?"
    with pytest.raises(ParameterError, match=message):
        Law("init", "norml")


@pytest.mark.parametrize("value", [3, None, ["torch"]])
def test_a_law_refuses_what_is_no_name(value):
    with pytest.raises(ParameterError, match="'init' must be 'torch' or 'normal'; got"):
        Law("init", value)


def test_losses_have_their_names():
    for name in ("squared", "huber", "logistic", "softmax"):
        assert LossName("loss", name) == name


@pytest.mark.parametrize("value", [[], (), 1.0, None, "1"])
def test_a_list_refuses_what_is_none(value):
    with pytest.raises(ParameterError, match="'betas' must be a list that is not em"):
        kind_of(list[Positive])("betas", value)


def test_a_list_says_which_entry_is_wrong():
    with pytest.raises(ParameterError, match=r"'betas\[1\]' must be a positive finite"):
        kind_of(list[Positive])("betas", [1.0, -2.0])


@pytest.mark.parametrize(
    ("default", "good", "bad"),
    [
        (True, False, 1),
        (3, 4, 4.5),
        (3, 4, True),
        (0.5, 1, "1"),
        ("a", "b", 1),
        ([1], [], "ab"),
    ],
)
def test_types_of_python_are_kinds(default, good, bad):
    kind = kind_of(type(default))
    assert kind("name", good) == good
    with pytest.raises(ParameterError, match="'name' must be"):
        kind("name", bad)


def test_an_unknown_type_takes_anything():
    assert kind_of(type(None)).must == "anything"
    assert kind_of(type(None))("name", 3) == 3


def test_a_path_is_none_or_exists_and_has_one_form(tmp_path, monkeypatch):
    (tmp_path / "mine.csv").touch()
    monkeypatch.chdir(tmp_path)
    whole = str(tmp_path / "mine.csv")
    assert ExistingPath("data", "") == ""
    assert ExistingPath("data", "mine.csv") == whole
    assert ExistingPath("data", f"../{tmp_path.name}/mine.csv") == whole


@pytest.mark.parametrize("value", [3, None, ["a"], "gone.csv"])
def test_a_path_refuses_anything_else(value):
    message = "'data' must be the path of a file that exists, or ''; got .* start from"
    with pytest.raises(ParameterError, match=message):
        ExistingPath("data", value)


def test_parameter_errors_are_value_errors():
    assert issubclass(ParameterError, ValueError)


def test_parameter_injected_as_a_module_is_not_taken_for_data():
    check({"tool": types.ModuleType("tool")})


@pytest.mark.parametrize("value", [0.5, 1, 2.0])
def test_between_takes_both_ends(value):
    assert Between[1, 4, 2]("beta", value) == value


@pytest.mark.parametrize("value", [0.49, 2.1, float("nan"), True, "1", None])
def test_between_refuses_anything_else(value):
    with pytest.raises(ParameterError, match=r"must be a number from 0\.5 to 2\.0; "):
        Between[1, 4, 2]("beta", value)
