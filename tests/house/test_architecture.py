"""The house rules of lib that a program can check, read from its syntax trees.

Data flow one way: data -> problem -> arrangement -> oracle -> certificate and
solvers -> figures -> chapter. The table says who may import whom; a module that is
not in it has no place yet.
"""

import ast
from pathlib import Path

import pytest

LIB = Path(__file__).resolve().parents[2] / "lib"
MODULES = sorted(LIB.rglob("*.py"))
LONGEST_FUNCTION = 35
MOST_PARAMETERS = 6

BASE = {"problem", "losses", "rounding"}
GEOMETRY = BASE | {"arrangement", "oracle"}
MAY_IMPORT = {
    "": set(),
    "rounding": set(),
    "files": set(),
    "losses": {"rounding"},
    "problem": {"losses", "rounding"},
    "convolution": BASE,
    "classification": BASE,
    "own_data": BASE,
    "directions": BASE,
    "distance": BASE | {"certificate", "oracle", "torch_networks"},
    "second_opinion": BASE | {"exact"},
    "torch_descent": BASE | {"torch_networks"},
    "torch_networks": BASE,
    "units": BASE,
    "fit": BASE,
    "prune": BASE,
    "parameters": set(),
    "data": BASE,
    "compiled": set(),
    "double_description": BASE | {"compiled"},
    "cone_pca": BASE | {"double_description"},
    "arrangement": BASE | {"compiled", "double_description"},
    "maximum": BASE,
    "planar": BASE | {"arrangement", "compiled", "maximum"},
    "simplices": {"compiled"},
    "ascent": BASE | {"compiled", "simplices"},
    "branch_and_bound": BASE | {"compiled", "simplices"},
    "sharding": BASE | {"branch_and_bound", "simplices"},
    "relaxation": BASE,
    "lifting": BASE,
    "sign_search": BASE | {"lifting"},
    "oracle": BASE
    | {"maximum", "planar", "ascent", "simplices", "branch_and_bound", "relaxation"}
    | {"sharding", "sign_search"},
    # No solver: it judges them.
    "certificate": BASE | {"oracle", "torch_networks"},
    "counting": BASE | {"certificate", "oracle"},
    "exact": BASE | {"certificate", "torch_networks"},
    "master": BASE | {"fit"},
    "walls": BASE | {"compiled"},
    "faces": BASE | {"compiled", "fit"},
    "sliding": BASE | {"faces", "fit", "walls"},
    "merge": BASE | {"sliding", "walls"},
    "sgd": BASE | {"files"},
    "nonnegative": BASE,
    "completely_positive": BASE,
    "semi_nmf": BASE | {"completely_positive"},
    "whitening": BASE,
    "spike_free": BASE | {"nonnegative"},
    "closed_form": BASE
    | {"certificate", "completely_positive", "nonnegative", "oracle", "whitening"},
    "recover": BASE | {"completely_positive", "semi_nmf", "copositive"},
    "analytic_centre": BASE,
    # Its analytic centre and its master problem are parts of it, not solvers.
    "cutting_plane": BASE | {"oracle", "certificate", "analytic_centre", "master"},
    "by_cells": BASE | {"arrangement", "cone_pca", "maximum"},
    "algorithm_1": GEOMETRY | {"by_cells", "certificate"},
    # Its master problem and its sliding step are parts of it, not other solvers.
    "frank_wolfe": GEOMETRY
    | {"certificate", "fit", "master", "merge", "sliding", "units"},
    "regularisation_path": BASE | {"certificate", "frank_wolfe", "maximum"},
    # Bounds of its own, but for the columns, which the oracle prices.
    "copositive": GEOMETRY
    | {"double_description", "cone_pca", "maximum", "certificate"},
    "demeaned": BASE | {"certificate", "oracle"},
    # Whole experiments: they run solvers side by side and judge them.
    "experiments": GEOMETRY
    | {
        "algorithm_1",
        "ascent",
        "branch_and_bound",
        "certificate",
        "classification",
        "closed_form",
        "completely_positive",
        "convolution",
        "copositive",
        "counting",
        "cutting_plane",
        "data",
        "demeaned",
        "files",
        "frank_wolfe",
        "recover",
        "semi_nmf",
        "sgd",
        "simplices",
        "whitening",
    },
    "figures": BASE,  # results are drawn, never computed
}

ONLY_IN = {
    "torch": {"sgd", "torch_networks", "torch_descent"},
    "cvxpy": {"copositive"},
    "clarabel": {"master", "semi_nmf", "copositive"},
    "scs": {"copositive"},
    "PIL": {"data"},
    "matplotlib": {"figures"},
    "matplotlib_inline": {"figures"},
}
"""Heavy packages and the modules that may import them."""


def module_name(path):
    """Return ``oracle`` for lib/oracle.py, ``figures`` for all of lib/figures."""
    first = path.relative_to(LIB).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imported(path):
    """Return the dotted names of all modules that a file imports, anywhere in it."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            if node.module == "lib":  # from lib import oracle
                names += [f"lib.{alias.name}" for alias in node.names]
            else:
                names.append(node.module)
    return names


def functions(path):
    """Return (dotted name, node) of each function in a file, nested ones too."""
    found = []

    def visit(node, prefix):
        for child in ast.iter_child_nodes(node):
            name = prefix
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                name = f"{prefix}{child.name}."
            if isinstance(child, ast.FunctionDef):
                found.append((name[:-1], child))
            visit(child, name)

    visit(ast.parse(path.read_text(encoding="utf-8")), "")
    return found


def code_lines(path, function):
    """Return how many lines of a function are neither docstring, comment nor blank."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    lines = path.read_text(encoding="utf-8").splitlines()
    signature = range(function.lineno, function.body[0].lineno)
    numbers = [*signature, *range(body[0].lineno, function.end_lineno + 1)]
    written = (lines[number - 1].strip() for number in numbers)
    return sum(bool(line) and not line.startswith("#") for line in written)


def each_module(test):
    """Run a test for each file of lib."""
    names = [str(path.relative_to(LIB)) for path in MODULES]
    return pytest.mark.parametrize("path", MODULES, ids=names)(test)


@each_module
def test_every_module_has_its_place(path):
    name = module_name(path)
    assert name in MAY_IMPORT, f"say in MAY_IMPORT whom lib/{name} may import"


@each_module
def test_imports_never_point_backwards(path):
    name = module_name(path)
    ours = {n.split(".")[1] for n in imported(path) if n.startswith("lib.")}
    assert ours <= MAY_IMPORT[name] | {name}


@each_module
def test_heavy_packages_stay_where_they_belong(path):
    used = {name.split(".")[0] for name in imported(path)}
    for package, homes in ONLY_IN.items():
        assert package not in used or module_name(path) in homes


def test_import_rules_have_no_cycle():
    # Peeling off modules without imports must leave nothing.
    remaining = dict(MAY_IMPORT)
    while remaining:
        leaves = [name for name, used in remaining.items() if not used & set(remaining)]
        assert leaves, f"{sorted(remaining)} import each other"
        for name in leaves:
            del remaining[name]


@each_module
def test_module_has_a_docstring(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@each_module
def test_everything_public_has_a_docstring(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    defined += [node for _, node in functions(path)]
    bare = [
        node.name
        for node in defined
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    # The functions inside a function are its own business.
    inner = {
        child.name
        for _, node in functions(path)
        for child in ast.walk(node)
        if isinstance(child, ast.FunctionDef) and child is not node
    }
    assert [name for name in bare if name not in inner] == []


@each_module
def test_no_function_is_longer_than_a_screen(path):
    long = {
        name: code_lines(path, node)
        for name, node in functions(path)
        if code_lines(path, node) > LONGEST_FUNCTION
    }
    assert not long


@each_module
def test_functions_take_few_positional_arguments(path):
    many = {
        name: len(node.args.args)
        for name, node in functions(path)
        if len([a for a in node.args.args if a.arg not in ("self", "cls")])
        > MOST_PARAMETERS
    }
    assert not many


@each_module
def test_nothing_is_printed_and_no_error_is_swallowed(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        called = getattr(getattr(node, "func", None), "id", None)
        assert called != "print"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None)


def test_functions_are_short_on_the_whole():
    lengths = sorted(
        code_lines(path, node) for path in MODULES for _, node in functions(path)
    )
    body = [length for length in lengths if length]
    # Signatures count here; the body alone has a median of about 8 lines.
    assert body[len(body) // 2] <= 12
    assert body[int(0.9 * len(body))] <= 24


def test_code_lines_leave_out_docstring_comments_and_blanks(tmp_path):
    path = tmp_path / "toy.py"
    path.write_text(
        'def f(\n    x,\n):\n    """Say.\n\n    More.\n    """\n    # why\n\n'
        "    y = x\n    return y\n"
    )
    ((name, node),) = functions(path)
    assert (name, code_lines(path, node)) == ("f", 5)


def test_imports_are_found_wherever_they_hide(tmp_path):
    path = tmp_path / "toy.py"
    path.write_text("from lib import oracle\ndef f():\n    import torch.nn\n")
    assert imported(path) == ["lib.cone_pca.kappa", "torch.nn"]
