"""Pages, tables and pictures written from templates, the files beside the tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def written(template: Path, block: str | None = None, **told: Any) -> str:
    """Fill a template of Jinja, or one block of it; a name it does not know fails.

    Text is escaped, but in Markdown.
    """
    here = Environment(
        loader=FileSystemLoader(template.parent),
        undefined=StrictUndefined,
        autoescape=template.suffix != ".md",
        keep_trailing_newline=True,
    )
    form = here.get_template(template.name)
    write = form.blocks[block] if block else form.root_render_func
    return "".join(write(form.new_context(told)))
