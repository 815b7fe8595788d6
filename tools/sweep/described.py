"""What the parameters of a chapter are, read from the two cells that say so.

The `parameters` cell gives names, defaults and meanings, the cell after it what each
must be. Only these two are run, and of the imports those that they need: no data are
read and nothing is computed.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lib import parameters
from lib.parameters import ParameterError, Spec
from tools.book import BookError, unknown
from tools.chapter import PARAMETERS_TAG, code_cells, has_tag, read_chapter


@dataclass(frozen=True)
class Parameter:
    """A parameter of a chapter: its default, its meaning, and what it must be."""

    name: str
    default: Any
    meaning: str
    spec: Spec


def describe(source: Path) -> dict[str, Parameter]:
    """Return the parameters of a chapter by name, in the order of its cell.

    Raises
    ------
    BookError
        If the chapter has no `parameters` cell or its cells cannot be read.
    """
    found = list(code_cells(read_chapter(source)))
    cells = [cell.source for cell in found]
    tagged = [has_tag(cell, PARAMETERS_TAG) for cell in found]
    if True not in tagged:
        raise BookError(f"{source} has no cell tagged `{PARAMETERS_TAG}`.")
    place = tagged.index(True)
    try:
        defaults = _defaults(cells, place)
        specs = _specs(cells, place, defaults)
    except Exception as error:
        raise BookError(
            f"The parameters of {source} cannot be read without running it: "
            f"{type(error).__name__}: {error}"
        ) from error
    meanings = dict(_comments(cells[place]))
    return {
        name: Parameter(name, value, meanings.get(name, ""), specs[name])
        for name, value in defaults.items()
    }


def _defaults(cells: list[str], place: int) -> dict[str, Any]:
    """Run the `parameters` cell; return what it sets."""
    namespace = _imports(cells[:place], cells[place])
    before = set(namespace)
    exec(cells[place], namespace)
    return {k: v for k, v in namespace.items() if k not in before | {"__builtins__"}}


def _specs(cells: list[str], place: int, defaults: dict[str, Any]) -> dict[str, Spec]:
    """Run the cell after the parameters up to its check; return what it asks for.

    A parameter that is not checked there must be of the kind of its default.
    """
    found: dict[str, Spec] = {}
    following = "".join(cells[place + 1 : place + 2])
    before, check = _split_at_check(following)
    if check:
        namespace = _imports(cells[:place], f"{before}\n{check}") | defaults
        exec(before, namespace)
        recorder = vars(parameters) | {"check": lambda _, **specs: found.update(specs)}
        namespace["parameters"] = SimpleNamespace(**recorder)
        exec(check, namespace)
    return {name: found.get(name, like(value)) for name, value in defaults.items()}


def _split_at_check(cell: str) -> tuple[str, str]:
    """Return what a cell does before its check of the parameters, and the check."""
    statements = [ast.unparse(statement) for statement in ast.parse(cell).body]
    for place, statement in enumerate(statements):
        if statement.startswith("parameters.check(globals(), "):
            return "\n".join(statements[:place]), statement
    return "", ""


def _imports(cells: list[str], user: str) -> dict[str, Any]:
    """Do those imports of the cells whose names the code of ``user`` reads."""
    wanted = {n.id for n in ast.walk(ast.parse(user)) if isinstance(n, ast.Name)}
    namespace: dict[str, Any] = {}
    for statement in ast.parse("\n".join(cells)).body:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        for alias in statement.names:
            if (alias.asname or alias.name).split(".")[0] in wanted:
                statement_of_one = type(statement)(
                    **{**dict(ast.iter_fields(statement)), "names": [alias]}
                )
                exec(ast.unparse(statement_of_one), namespace)
    return namespace


def _comments(cell: str) -> Iterator[tuple[str, str]]:
    """Pair each name that a cell assigns with the comment on its last line."""
    tokens = tokenize.generate_tokens(io.StringIO(cell).readline)
    comments = {t.start[0]: t.string[1:].strip() for t in tokens if t.string[:1] == "#"}
    for statement in ast.parse(cell).body:
        if isinstance(statement, ast.Assign) and statement.end_lineno in comments:
            for target in statement.targets:
                yield ast.unparse(target), comments[statement.end_lineno]


def like(default: Any) -> Spec:
    """Ask for a value of the kind of a default."""
    kinds: tuple[tuple[type, Any, str], ...] = (
        (bool, bool, "true or false"),
        (int, int, "a whole number"),
        (float, int | float, "a number"),
        (str, str, "a string"),
        (list, list, "a list"),
    )
    for kind, taken, must in kinds:
        if isinstance(default, kind):
            return Spec(must, _test(taken, kind is bool, must))
    return Spec("anything", lambda name, value: None)


def _test(taken: Any, boolean: bool, must: str) -> Any:
    """Make the test that a value is of some type, and a truth value only if asked."""

    def test(name: str, value: Any) -> None:
        if not isinstance(value, taken) or isinstance(value, bool) is not boolean:
            raise ParameterError(f"Parameter {name!r} must be {must}; got {value!r}.")

    return test


def check(known: Mapping[str, Parameter], name: str, value: Any) -> None:
    """Refuse a parameter that the chapter does not have or could not use.

    Raises
    ------
    BookError
        With the sentence of the chapter's own check.
    """
    if name not in known:
        raise unknown("parameter", name, known)
    try:
        known[name].spec(name, value)
    except ParameterError as error:
        raise BookError(str(error)) from None
