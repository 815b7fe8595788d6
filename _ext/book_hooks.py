"""What the book asks of Sphinx beyond its extensions' own options."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx_proof.nodes import unenumerable_node

PAPER_EQUATION = re.compile(r"equation-eq-(?P<number>a?\d+)")
"""Labels of the paper's own equations: eq-5 is (5), eq-a3 is (A3)."""

PAPER_NUMBER = re.compile(r"[A-Z][a-z]+ (?P<number>[A-Z]?\d+(\.\d+)*) of the paper")
"""What the title of a box says that has a number in the paper."""

SHARED_IDS = {"proof", "proof-content", "exercise-content", "solution-content"}

NUMBERED_CHAPTER = re.compile(r"chapters/0*(?P<number>\d+)_")
WORDS_A_MINUTE = 180
"""Of a reader who also looks at the formulas."""

CLOSES = re.compile(r"\A([^\s-]+-?|-)")
"""What stands right after a formula: a comma, a bracket, the rest of a word."""

OPENS = re.compile(r"[(\[“‘]+\Z")
"""What stands right before a formula and belongs to it."""

NOTATION = "back/notation"
"""The page with the table of symbols."""

LAST = 900
"""Priority of hooks that correct what the extensions' hooks, at 500, have made."""


def number_by_chapter(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """Count figures, exercises and equations as a reader expects them.

    Figures, exercises and our equations are counted within their chapter (3.1, 3.2),
    so that a new chapter renumbers no other; an equation of the paper, known by its
    label, keeps the paper's number. So does a reference to a theorem whose title has
    one ("Lemma 4 of the paper"); of others it gives the number in the book.
    """
    for page, kinds in env.toc_fignumbers.items():
        for kind, numbers in kinds.items():
            kinds[kind] = _renumbered(page, kind, list(numbers))
    for label, box in getattr(env, "proof_list", {}).items():
        if box["nonumber"]:
            kinds = env.toc_fignumbers.setdefault(box["docname"], {})
            kinds.setdefault(box["countertype"], {})[label] = (box["name"],)
            box["nonumber"] = False
    return []


def _renumbered(page: str, kind: str, ids: list[str]) -> dict[str, tuple]:
    """Give each id, in the order of the page, its number."""
    chapter = NUMBERED_CHAPTER.match(page)
    prefix = (chapter["number"],) if chapter else ()
    result: dict[str, tuple] = {}
    count = 0
    for name in ids:
        paper = PAPER_EQUATION.fullmatch(name) if kind == "displaymath" else None
        count += not paper
        result[name] = (paper["number"].upper(),) if paper else (*prefix, str(count))
    return result


def mend_boxes(app: Sphinx, tree: nodes.document) -> None:
    """Give boxes ids and numbers of their own.

    All boxes of a chapter share one count (3.1, 3.2), as a reader looks for them; the
    paper's number is in the title, and a reference to such a box gives that one. Left
    alone, the contents of all theorems, of all exercises and of all solutions share an
    id, and a box shares its id with its title.
    """
    for position, node in enumerate(tree.findall(_has_shared_id)):
        node["ids"] = [f"{node['ids'][0]}-{position}"]
    chapter = NUMBERED_CHAPTER.match(app.env.docname)
    prefix = f"{chapter['number']}." if chapter else ""
    boxes = (box for box in tree.findall(_is_box) if isinstance(box, unenumerable_node))
    for count, box in enumerate(boxes, 1):
        title = box[0]
        title["ids"] = []
        number = f"{prefix}{count}"
        kind = nodes.inline("", f"{box['realtype'].title()} {number}")
        kind["classes"] = ["caption-number"]
        title.insert(0, kind)
        paper = PAPER_NUMBER.search(box["title"])
        app.env.proof_list[box["label"]]["name"] = paper["number"] if paper else number


def _has_shared_id(node: nodes.Node) -> bool:
    """Tell whether a node has an id that its extension gives to others as well."""
    box = isinstance(node, nodes.section | nodes.admonition)
    return box and len(node["ids"]) == 1 and node["ids"][0] in SHARED_IDS


def _is_box(node: nodes.Node) -> bool:
    """Tell whether a node is the box of a theorem or the like."""
    return isinstance(node, nodes.Element) and "realtype" in node


def open_box(writer: Any, node: nodes.Element) -> None:
    """Begin a box without a number of its own."""
    writer.body.append(writer.starttag(node, "div", CLASS="admonition"))


def close_box(writer: Any, node: nodes.Element) -> None:
    """End a box without a number of its own."""
    writer.body.append("</div>")


def open_entry(writer: Any, node: nodes.citation) -> None:
    """Begin an entry of the bibliography, as an item of a list.

    docutils gives it the role `doc-biblioentry`, which is no longer one.
    """
    if not isinstance(node.previous_sibling(), nodes.citation):
        writer.body.append('<div role="list" class="citation-list">\n')
    writer.body.append(writer.starttag(node, "div", CLASS="citation", role="listitem"))


def close_entry(writer: Any, node: nodes.citation) -> None:
    """End an entry of the bibliography, and with the last one the list."""
    writer.body.append("</div>\n")
    if not isinstance(node.next_node(descend=False, siblings=True), nodes.citation):
        writer.body.append("</div>\n")


def lead_to_chapters(app: Sphinx, tree: nodes.document) -> None:
    """Let a link to a chapter's text, which works in the repository, work here.

    What is staged of a chapter is its executed notebook, so MyST finds no file.
    """
    for link in tree.findall(addnodes.pending_xref):
        path, _, anchor = link["reftarget"].partition("#")
        if link["reftype"] != "myst" or not path.endswith(".md"):
            continue
        page = app.env.relfn2path(path)[0].removesuffix(".md")
        if page in app.env.found_docs:
            link.attributes.update(
                refdomain="doc", reftarget=page, reftargetid=anchor or None
            )


def hold_to_formulas(app: Sphinx, tree: nodes.document) -> None:
    """Keep a formula in a line with the marks that touch it.

    A typeset formula is a box to the browser, which may begin a line with the full
    stop after it.
    """
    for formula in list(tree.findall(nodes.math)):
        before, after = _taken(formula, -1, OPENS), _taken(formula, 1, CLOSES)
        if before or after:
            held = nodes.inline("", "", classes=["with-formula"])
            formula.replace_self(held)
            held += [nodes.Text(before), formula, nodes.Text(after)]


def _taken(formula: nodes.math, step: int, touching: re.Pattern[str]) -> str:
    """Take the marks that touch a formula out of the text on one side; return them."""
    parent = formula.parent
    at = parent.index(formula) + step
    if not 0 <= at < len(parent) or not isinstance(parent[at], nodes.Text):
        return ""
    text = parent[at].astext()
    found = touching.search(text)
    if found:
        parent[at] = nodes.Text(touching.sub("", text))
    return found[0] if found else ""


def say_how_long(app: Sphinx, tree: nodes.document) -> None:
    """Say at the head of a chapter how long it takes, and lead to the notation.

    The words are those of the text, without the code; the seconds are those of the
    run that made the page, which the staging left in `runs.json`.
    """
    stem = app.env.docname.removeprefix("chapters/")
    path = Path(app.srcdir, "runs.json")
    titles = list(tree.findall(nodes.title))
    if stem == app.env.docname or not path.is_file() or not titles:
        return
    seconds = json.loads(path.read_text(encoding="utf-8"))[stem]
    words = sum(len(node.astext().split()) for node in tree.findall(_is_text))
    run = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
    minutes = max(1, round(words / WORDS_A_MINUTE))
    line = nodes.paragraph("", f"Reading time {minutes} min · run time {run} · ")
    line["classes"] = ["chapter-length"]
    line += _link(app, NOTATION, "notation")
    section = titles[0].parent
    section.insert(section.index(titles[0]) + 1, line)


def _link(app: Sphinx, page: str, words: str) -> nodes.Node:
    """Return a link to a page of the book, if the book has it, else the words."""
    text = nodes.inline("", words)
    if page not in app.env.found_docs:
        return text
    options = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{page}"}
    return addnodes.pending_xref(
        "", text, **options, refdoc=app.env.docname, refexplicit=True, refwarn=True
    )


def _is_text(node: nodes.Node) -> bool:
    """Tell whether a node is read: a paragraph or a formula, not code."""
    return isinstance(node, nodes.paragraph | nodes.math_block)


def only_published(app: Sphinx, config: Config) -> None:
    """Show repository and launch buttons only when the repository has an URL."""
    options = config.html_theme_options
    if options.get("repository_url"):
        options.update(use_repository_button=True, use_issues_button=True)
    else:
        options.pop("launch_buttons", None)
        options.pop("repository_url", None)


def offer_sources(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """Make every button of a chapter lead to a file that exists.

    The repository holds the MyST text of a chapter, not the executed notebook that
    was staged: links into the repository are turned to the text, and the text is
    offered for download beside the notebook.
    """
    if not page.startswith("chapters/"):
        return
    for button in context["header_buttons"]:
        for entry in button.get("buttons", []):
            if button["label"] != "download-buttons" and "url" in entry:
                entry["url"] = entry["url"].replace(f"{page}.ipynb", f"{page}.md")
    _add_text_download(context, page)


def _add_text_download(context: dict[str, Any], page: str) -> None:
    """Add the chapter's MyST text to the downloads."""
    (group,) = [
        button
        for button in context["header_buttons"]
        if button["label"] == "download-buttons"
    ]
    entry = {
        "type": "link",
        "url": context["pathto"](f"_sources/{page}.md", 1),
        "text": ".md",
        "icon": "fas fa-file-lines",
        "tooltip": "Download the text notebook",
        "label": "download-text-button",
    }
    group["buttons"].insert(1, entry)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the hooks."""
    app.connect("config-inited", only_published)
    app.connect("doctree-read", mend_boxes)
    app.connect("doctree-read", lead_to_chapters)
    app.connect("doctree-read", hold_to_formulas)
    app.connect("doctree-read", say_how_long)
    app.add_node(unenumerable_node, override=True, html=(open_box, close_box))
    app.add_node(nodes.citation, override=True, html=(open_entry, close_entry))
    app.connect("env-get-updated", number_by_chapter, priority=LAST)
    app.connect("html-page-context", offer_sources, priority=LAST)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
