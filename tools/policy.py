"""A Content-Security-Policy in every page, so that it runs no script but the book's.

The policy stands in a `<meta>` element, since the book is also opened as files, without
a server that could send a header. It lets a page load what lies beside it and nothing
else. Scripts are files of the book, or stand in the page and have their hash in the
policy; handlers in attributes, which no hash of a script allows, are turned into
`data-action`, which `_assets/page.js` listens to.

Styles may stand in the page: MathJax and the theme write them while the page is open,
so no hash could be known. An inline style can hide or move things, not send them away.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser

from tools.book import BookError

LOADED = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "connect-src": "'self'",  # the search reads the pages that it found
    "font-src": "'self'",
    "form-action": "'self'",  # the search
    "img-src": "'self' data:",
    "style-src": "'self' 'unsafe-inline'",
}
"""What a page may load, besides scripts."""

ACTIONS = {
    "window.print()": "print",
    "toggleFullScreen()": "full-screen",
    "document.getElementById('run-here').showModal()": "run-here",
}
"""The handlers of the theme and of `_ext`, and what `_assets/page.js` calls them."""

EXECUTED = ("", "text/javascript", "application/javascript", "module")
"""Types of scripts that a browser runs; others are data."""

HEAD = re.compile(r"<meta charset=[^>]*>", re.IGNORECASE)
HANDLER = re.compile(r'\bonclick="([^"]*)"')


class _Page(HTMLParser):
    """The scripts and the handlers that stand in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self._inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list) -> None:
        """Note handlers, and where a script begins."""
        given = {name: value or "" for name, value in attributes}
        self.handlers += [f"{k}={v!r}" for k, v in given.items() if k.startswith("on")]
        kind = given.get("type", "").lower()
        self._inside = tag == "script" and "src" not in given and kind in EXECUTED
        if self._inside:
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        """Read a script on."""
        if self._inside:
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        """Note where a script ends."""
        self._inside = False


def policy(text: str) -> str:
    """Write the policy of a page: the hashes of its scripts, and what it may load.

    Parameters
    ----------
    text : str
        The page as HTML.

    Returns
    -------
    str
        The same for the same page: hashes are sorted, and stand once.
    """
    hashes = sorted({f"'sha256-{_digest(script)}'" for script in _Page(text).scripts})
    parts = {**LOADED, "script-src": " ".join(["'self'", *hashes])}
    return "; ".join(f"{name} {parts[name]}" for name in sorted(parts))


def _digest(script: str) -> str:
    """Hash a script as a browser does, whose line ends are one character."""
    text = script.replace("\r\n", "\n").replace("\r", "\n")
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def guarded(text: str, name: str) -> str:
    """Return a page with its policy, and with actions in place of handlers.

    Raises
    ------
    BookError
        If a handler is left that no action stands for, or the head says no encoding.
    """
    text = HANDLER.sub(_action, text)
    left = _Page(text).handlers
    if left:
        raise BookError(
            f"No element of {name} may have a handler in an attribute; got "
            f"{', '.join(left)}. Listen to it in _assets/page.js, or name its action "
            "in tools/policy.py."
        )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy(text)}">'
    text, count = HEAD.subn(lambda head: f"{head[0]}\n    {meta}", text, count=1)
    if not count:
        raise BookError(
            f"The head of {name} must say its encoding first, as <meta charset>; the "
            "policy goes behind it. Add it to the page's template."
        )
    return text


def _action(handler: re.Match[str]) -> str:
    """Turn a handler that is known into the name of what it does."""
    action = ACTIONS.get(unescape(handler[1]))
    return f'data-action="{action}"' if action else handler[0]
