"""How the reference reads docstrings: what it links, and what it leaves out."""

from __future__ import annotations

import inspect
import re
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
    """Let the first line of a property be a sentence, also with a colon in it.

    Napoleon would take what is before the colon for its type.
    """
    if what in ("property", "attribute"):
        lines[:0] = [".. property", ""]  # a comment


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
) -> nodes.Element | None:
    """Find what a docstring calls by a short name, as the code there does.

    ``factorize``, or ``lib.copositive.pentagons`` of a package that hands it on, is the
    only object of that name, or the only one in that package.
    """
    if node.get("refdomain") != "py":
        return None
    package, _, short = node["reftarget"].rpartition(".")
    domain = env.get_domain("py")
    found = [
        (name, entry)
        for name, entry in domain.objects.items()
        if name.rpartition(".")[2] == short
        and (name.startswith(package) or name.endswith(f".{node['reftarget']}"))
    ]
    if len(found) != 1:
        return None
    ((_, entry),) = found
    return make_refnode(
        app.builder, node["refdoc"], entry.docname, entry.node_id, content
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the hooks."""
    app.connect("builder-inited", find_equations)
    app.connect("autodoc-process-docstring", keep_sentence, priority=BEFORE_NAPOLEON)
    app.connect("autodoc-process-docstring", lead_to_equations)
    app.connect("autodoc-skip-member", leave_out_fields)
    app.connect("missing-reference", resolve_short_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
