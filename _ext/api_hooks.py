"""How the reference reads docstrings: what it links, and what it leaves out."""

from __future__ import annotations

import inspect
import re
import sys
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

LABEL = re.compile(r"\$\$ \((eq-a?\d+)\)|:label: (eq-a?\d+)\b")
"""Where a chapter states an equation of the paper, in its text or its notebook."""

NUMBER = re.compile(r"(?<![\w`:)\]])\((?P<number>A?\d{1,2})\)(?![\w`(])")
"""An equation's number as prose has it, `(11)` or `(A3)`; no argument of a function."""

BEFORE_NAPOLEON = 400
"""Priority of a hook that sees docstrings as they are written."""

OURS = ("lib", "experiments", "figures")
"""The packages whose docstrings make the reference."""

LITERAL = re.compile(r"(``.*?``|`[^`]*`)")


def find_equations(app: Sphinx) -> None:
    """Note which of the paper's equations the chapters state, by their labels."""
    chapters = Path(app.srcdir, "chapters").glob("*.*")
    texts = (path.read_text(encoding="utf-8") for path in sorted(chapters))
    found = (match for text in texts for match in LABEL.finditer(text))
    app.stated_equations = {match[1] or match[2] for match in found}


def lead_to_equations(
    app: Sphinx, what: str, name: str, subject: Any, options: Any, lines: list[str]
) -> None:
    """Turn numbers of equations in a docstring into references, if the book has them.

    Literals, and lines of examples, are left alone.
    """

    def linked(match: re.Match) -> str:
        label = f"eq-{match['number'].lower()}"
        stated = label in app.stated_equations
        return f":eq:`{label}`" if stated else match[0]

    for place, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            parts = LITERAL.split(line)
            parts[::2] = [NUMBER.sub(linked, part) for part in parts[::2]]
            lines[place] = "".join(parts)


def keep_sentence(
    app: Sphinx, what: str, name: str, subject: Any, options: Any, lines: list[str]
) -> None:
    """Let the first line of a property or a datum be a sentence with a colon in it.

    Napoleon would take what is before the colon for its type.
    """
    if what in ("property", "attribute", "data"):
        lines[:0] = [".. property", ""]  # a comment


def list_names(
    app: Sphinx, what: str, name: str, subject: Any, options: Any, lines: list[str]
) -> None:
    """List what a package hands out below its docstring, with the first sentences."""
    if what == "module":
        for short in subject.__all__:
            found = getattr(subject, short)
            if inspect.isroutine(found) or inspect.isclass(found):
                text = inspect.getdoc(found).partition("\n")[0]
                lines += [f"- :py:obj:`~{home(found, name)}.{short}`: {text}"]
        lines += [""]


def home(subject: Any, package: str) -> str:
    """Return the package that a name is from, if it hands it out, or the one given."""
    own = ".".join(subject.__module__.split(".")[: len(package.split("."))])
    public = getattr(sys.modules.get(own), "__all__", ())
    return own if subject.__name__ in public else package


def leave_out_handed_on(
    app: Sphinx, what: str, name: str, subject: Any, skip: bool, options: Any
) -> bool | None:
    """Give what two packages hand out one entry, in the package that it is from."""
    package = app.env.temp_data.get("autodoc:module")
    if what != "module" or not (inspect.isroutine(subject) or inspect.isclass(subject)):
        return None
    return True if home(subject, package) != package else None


def leave_out_fields(
    app: Sphinx, what: str, name: str, subject: Any, skip: bool, options: Any
) -> bool | None:
    """Leave the fields of dataclasses to the docstring of their class."""
    if what != "class":
        return None
    method = inspect.isroutine(subject) and not inspect.isbuiltin(subject)
    return None if method or inspect.isdatadescriptor(subject) else True


def resolve_short_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Node | None:
    """Find what a docstring calls by a short name, as the code there does.

    ``factorize``, or ``lib.master.completely_positive.factorize`` of a module whose
    package hands it on, is the only object of that name, or the only one there. What a
    module keeps for itself has no entry, and so no link; what is nowhere is an error.
    """
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    inside, _, short = target.rpartition(".")
    found = [
        entry
        for name, entry in env.get_domain("py").objects.items()
        if name.endswith(f".{target}")
        or (name.endswith(f".{short}") and inside.startswith(name.rpartition(".")[0]))
    ]
    if len(found) == 1:
        (entry,) = found
        place = node["refdoc"], entry.docname, entry.node_id
        return make_refnode(app.builder, *place, content)
    return content if _is_kept(target) else None


def _is_kept(target: str) -> bool:
    """Tell whether a module of ours has a name, though no package hands it out."""
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        with suppress(AttributeError):
            attrgetter(target.removeprefix(f"{name}."))(sys.modules[name])
            return True
    return False


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the hooks."""
    app.connect("builder-inited", find_equations)
    app.connect("autodoc-process-docstring", keep_sentence, priority=BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", list_names)
    app.connect("autodoc-process-docstring", lead_to_equations)
    app.connect("autodoc-skip-member", leave_out_fields)
    app.connect("autodoc-skip-member", leave_out_handed_on)
    app.connect("missing-reference", resolve_short_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
