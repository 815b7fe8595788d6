"""The house rules that neither ruff nor import-linter can check.

Who may import whom is said by the contracts in pyproject.toml (`lint-imports`).
"""

import ast
import io
import tokenize
from functools import cache
from itertools import chain
from pathlib import Path

from tools.book import Book
from tools.chapter import code_cells, read_chapter

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ("lib", "experiments", "figures")
FROM_OUTSIDE = ("experiments", "benchmarks", "tools", "_ext")

LONGEST_FUNCTION = 35
MOST_PARAMETERS = 6
MEDIAN, NINE_IN_TEN = 12, 24
"""Lines of functions with their signatures; the bodies have a median of about 8."""

MOST_ROOMS = 24
MOST_CODE_LINES = {"lib": 8000, "figures": 900, "tools": 2400}
"""Of code, without blank lines, comments and docstrings: what adds takes away."""

LEFT_OUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT}
LEFT_OUT |= {tokenize.DEDENT, tokenize.ENDMARKER}
WITH_DOCSTRING = ast.Module | ast.ClassDef | ast.FunctionDef


def files(*folders: str) -> list[Path]:
    """List the Python files of some folders."""
    return sorted(chain(*((ROOT / folder).rglob("*.py") for folder in folders)))


@cache
def tree_of(path: Path) -> ast.Module:
    """Parse a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def code_lines(path: Path) -> set[int]:
    """Return the numbers of the lines that are no docstring, comment or blank."""
    source = path.read_text(encoding="utf-8")
    found = set()
    written = {k for k, line in enumerate(source.splitlines(), 1) if line.strip()}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LEFT_OUT:
            found |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree_of(path)):
        if isinstance(node, WITH_DOCSTRING) and ast.get_docstring(node) is not None:
            found -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return found & written


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    """Return each function of a file by its place, nested ones too."""
    nodes = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.FunctionDef)]
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node for node in nodes
    }


@cache
def lengths() -> dict[str, int]:
    """Return how many code lines each function has, with its signature."""
    return {
        name: len(code_lines(path) & set(range(node.lineno, node.end_lineno + 1)))
        for path in files(*HOUSE)
        for name, node in functions(path).items()
    }


def positional(node: ast.FunctionDef) -> int:
    """Count the parameters that can be given by their place."""
    given = [*node.args.posonlyargs, *node.args.args]
    return len([one for one in given if one.arg not in ("self", "cls")])


def past_the_door(tree: ast.Module) -> list[str]:
    """List imports from an inner module of what its package offers itself."""
    return [
        f"{alias.name} from {node.module}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if (package := package_of(node.module)) != node.module
        and alias.name in offered(package)
    ]


def package_of(module: str) -> str:
    """Return the room of lib, or the package beside it, that a module is in."""
    parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] == "lib" else 1])


@cache
def offered(package: str) -> list[str]:
    """Return the names that lib's rooms and figures offer, read without loading."""
    door = ROOT.joinpath(*package.split("."), "__init__.py")
    if not (package.startswith(("lib.", "figures")) and door.is_file()):
        return []
    assigned = [node for node in tree_of(door).body if isinstance(node, ast.Assign)]
    lists = {node.targets[0].id: node.value for node in assigned}
    return ast.literal_eval(lists["__all__"]) if "__all__" in lists else []


def test_no_function_is_longer_than_a_screen():
    long = {name: n for name, n in lengths().items() if n > LONGEST_FUNCTION}
    assert long == {}


def test_functions_take_few_positional_arguments():
    counts = {
        name: positional(node)
        for path in files(*HOUSE)
        for name, node in functions(path).items()
    }
    many = {name: count for name, count in counts.items() if count > MOST_PARAMETERS}
    assert many == {}


def test_functions_are_short_on_the_whole():
    ordered = sorted(lengths().values())
    assert ordered[len(ordered) // 2] <= MEDIAN
    assert ordered[int(0.9 * len(ordered))] <= NINE_IN_TEN


def test_lib_has_few_rooms():
    rooms = {path.stem for path in (ROOT / "lib").glob("*.py")} - {"__init__"}
    rooms |= {path.parent.name for path in (ROOT / "lib").glob("*/__init__.py")}
    assert len(rooms) <= MOST_ROOMS, sorted(rooms)


def test_the_house_does_not_grow():
    sizes = {
        name: sum(len(code_lines(path)) for path in files(name))
        for name in MOST_CODE_LINES
    }
    grown = {name: n for name, n in sizes.items() if n > MOST_CODE_LINES[name]}
    assert grown == {}


def test_what_a_package_offers_is_imported_from_the_package():
    trees = {
        str(path.relative_to(ROOT)): tree_of(path) for path in files(*FROM_OUTSIDE)
    }
    for stem, path in Book().chapters().items():
        cells = [cell.source for cell in code_cells(read_chapter(path))]
        trees[stem] = ast.parse("\n".join(cells))
    wrong = {name: found for name, t in trees.items() if (found := past_the_door(t))}
    assert wrong == {}


def test_code_lines_leave_out_docstring_comments_and_blanks(tmp_path):
    path = tmp_path / "toy.py"
    path.write_text(
        '"""A toy."""\n\n\ndef f(\n    x,\n):\n    """Say.\n\n    More.\n    """\n'
        "    # why\n\n    y = x\n    return y\n"
    )
    assert code_lines(path) == {4, 5, 6, 13, 14}


def test_the_search_sees_who_goes_past_the_door():
    good = "from lib.problem import Problem\nfrom lib.problem.problem import other\n"
    assert past_the_door(ast.parse(good)) == []
    wrong = ast.parse("def f():\n    from lib.problem.problem import Network, other\n")
    assert past_the_door(wrong) == ["Network from lib.problem.problem"]
    inner = ast.parse("from figures.style import COLOURS, STYLE\nimport figures\n")
    assert past_the_door(inner) == ["COLOURS from figures.style"]
