"""A button of every chapter that says how to run it in JupyterLab at home.

It needs no server and no address of the book: the command is for a copy of the
book, and the address is that of the JupyterLab which the command starts. The dialog
closes itself at Escape: among the theme's scripts Chromium alone did not.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

BUTTON = {
    "type": "javascript",
    "javascript": "document.getElementById('run-here').showModal()",
    "tooltip": "Run this chapter on your computer",
    "icon": "fas fa-laptop-code",
    "label": "run-here-button",
}

LAB = "http://localhost:8888/lab/tree"
"""Where `make lab` opens JupyterLab, if the port is free."""

DIALOG = """
<dialog id="run-here" aria-label="Run this chapter on your computer">
<p><strong>Run this chapter on your computer.</strong> In your copy of the book,</p>
<pre>make lab CHAPTER={stem}</pre>
<p>installs what is needed and opens the chapter in JupyterLab. While that runs, the
chapter is also at
<a class="reference external" href="{address}">{address}</a>,
unless JupyterLab says another port.</p>
<form method="dialog">
<button class="btn btn-sm btn-outline-primary">Close</button>
</form>
</dialog>
"""

AFTER_THE_THEME = 950
"""Priority of a hook that adds to the buttons when all others are there."""


def offer_to_run(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """Add the button and its dialog to a chapter."""
    if not page.startswith("chapters/"):
        return
    context["header_buttons"].insert(0, BUTTON)
    context["body"] += DIALOG.format(
        stem=page.removeprefix("chapters/"), address=f"{LAB}/{page}.md"
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the hook."""
    app.connect("html-page-context", offer_to_run, priority=AFTER_THE_THEME)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
