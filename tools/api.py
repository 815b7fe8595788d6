"""The reference pages: every public name of `lib`, in the order of the mathematics.

Sphinx writes the entries from the docstrings (autodoc); here are the pages that tell it
which, found in the syntax trees, so that no name can be left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = "back/api"
INDEX = f"{FOLDER}/index"


@dataclass(frozen=True)
class Group:
    """A page of the reference.

    Attributes
    ----------
    title, about : str
        Its heading and first paragraph, in MyST.
    modules : tuple of str
        Modules of `lib` by their names after ``lib.``; a package stands for all of
        its modules.
    """

    title: str
    about: str
    modules: tuple[str, ...]


GROUPS = {
    "data": Group(
        "Data",
        "Samples and targets: the paper's, by seed and by hash, and a reader's own.",
        ("data", "own_data", "whitening", "convolution"),
    ),
    "problem": Group(
        "Problem",
        "What is minimised, for every loss, and the networks that try.",
        ("problem", "losses", "fit", "units", "torch_networks", "classification"),
    ),
    "arrangement": Group(
        "Arrangement",
        "The hyperplanes of the samples, the cells between them, and their cones.",
        ("arrangement", "double_description", "cone_pca", "simplices", "directions"),
    ),
    "oracle": Group(
        "Oracle",
        "The dual norm $\\kappa(Z)$: a value that is reached, a bound that is proved.",
        (
            *("oracle", "maximum", "planar", "ascent", "branch_and_bound", "sharding"),
            *("relaxation", "lifting", "sign_search", "by_cells", "counting"),
        ),
    ),
    "certificate": Group(
        "Certificate",
        "How far a network is from the optimum. No solver is imported here.",
        ("certificate", "exact", "second_opinion", "distance"),
    ),
    "frank_wolfe": Group(
        "Solvers",
        "Training to a certificate, the paper's Algorithm 1, and cutting planes.",
        (
            *("frank_wolfe", "master", "faces", "walls", "sliding", "merge"),
            "regularisation_path",
            *("algorithm_1", "cutting_plane", "analytic_centre"),
        ),
    ),
    "closed_form": Group(
        "Closed forms",
        "Whitened and spike-free data, where training is a decomposition.",
        ("closed_form", "demeaned", "spike_free", "nonnegative"),
    ),
    "copositive": Group(
        "Copositive programs",
        "The programs (17) to (20), their covers, relaxations and proofs.",
        ("copositive", "completely_positive"),
    ),
    "recover": Group(
        "Back to a network",
        "From the solutions of convex programs to neurons, and to fewer of them.",
        ("recover", "semi_nmf", "prune"),
    ),
    "sgd": Group(
        "Gradient descent",
        "The non-convex training that the paper compares with.",
        ("sgd", "torch_descent"),
    ),
    "experiments": Group(
        "Experiments",
        "The paper's experiments at its own sizes: functions with typed results.",
        ("experiments",),
    ),
    "figures": Group(
        "Figures",
        "Each draws a result on axes and computes nothing.",
        ("figures",),
    ),
    "tools": Group(
        "Foundations",
        "What the rest is built on.",
        ("parameters", "files", "compiled", "rounding"),
    ),
}
"""The pages of the reference, in the order of the mathematics, by their names."""

PAGES = [INDEX, *(f"{FOLDER}/{name}" for name in GROUPS)]


def public_names(path: Path) -> Iterator[tuple[str, str, str]]:
    """List the functions and classes of a module: kind, name, first line of text.

    Names that begin with an underscore are private.
    """
    kinds = {ast.FunctionDef: "function", ast.ClassDef: "class"}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if type(node) in kinds and not node.name.startswith("_"):
            text = ast.get_docstring(node) or ""
            yield kinds[type(node)], node.name, text.partition("\n")[0]


def modules_of(group: Group, lib: Path) -> list[str]:
    """List the modules of a page by their full names, those of packages too."""
    found = []
    for name in group.modules:
        package = lib / name
        if package.is_dir():
            inside = sorted(p.stem for p in package.glob("*.py"))
            inside.remove("__init__")
            found += [f"lib.{name}", *(f"lib.{name}.{stem}" for stem in inside)]
        else:
            found.append(f"lib.{name}")
    return found


def page(name: str, lib: Path) -> str:
    """Write a page of the reference as MyST text.

    Parameters
    ----------
    name : str
        One of `PAGES`.
    lib : Path
        The folder of the library.
    """
    if name == INDEX:
        return _index()
    group = GROUPS[name.removeprefix(f"{FOLDER}/")]
    parts = [f"# {group.title}\n\n{group.about}\n"]
    parts += [_module(module, lib) for module in modules_of(group, lib)]
    return "\n".join(parts)


def _index() -> str:
    """Write the first page, which lists the others."""
    rows = "".join(
        f"| {{doc}}`{group.title} <{name}>` | {group.about} |\n"
        for name, group in GROUPS.items()
    )
    return f"{INDEX_HEAD}\n| page | what |\n|---|---|\n{rows}"


INDEX_HEAD = """\
# The library, name by name

Every public function and class of `lib`, in the order of the mathematics, written from
the docstrings, whose examples the tests run. Names of matrices are those of
{doc}`/back/notation`; numbers in brackets are the equations of the paper
{cite}`sahiner2021` and lead to where the book states them. Examples use the names that
their module defines or imports. *[source]* shows the code.

```{image} ../../_assets/architecture.svg
---
alt: >-
  Nine boxes in the order in which data flow, with the modules in each: data, problem,
  arrangement, oracle, solvers, certificate, experiments, figures, chapter.
---
```
"""


def _module(module: str, lib: Path) -> str:
    """Write the section of a module."""
    path = lib.parent.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    names = list(public_names(path))
    lines = [f".. automodule:: {module}", ""]
    lines += [f"- :py:obj:`~{module}.{name}`: {what}" for _, name, what in names]
    lines += [""]
    for kind, name, _ in names:
        lines += [f".. auto{kind}:: {module}.{name}"]
        lines += ["   :members:", ""] if kind == "class" else [""]
    body = "\n".join(lines)
    return f"## `{module}`\n\n```{{eval-rst}}\n{body}```\n"
