"""What every chapter keeps to, read from its text."""

import ast
import re
import subprocess
from functools import cache

import pytest
from nbformat import NotebookNode

from lib.parameters import ParameterError
from tests.chapters.rules import CHAPTERS, no_chapter
from tools.book import REPOSITORY
from tools.chapter import code_cells, describe, has_tag, read_chapter

MOST_LINES_OF_A_CELL = 12
MOST_LINES_OF_A_CHAPTER = 80
ASIDE = ("parameters", "remove-cell", "remove-input")
STATEMENTS = ("theorem", "lemma", "proposition", "corollary")
DIRECTIVE = re.compile(r"^ *(?:`{3,}|:{3,})\{(?P<name>[\w:-]+)\} *(?P<title>.*)$", re.M)
LABEL = re.compile(r"\n:label: (?P<label>\S+)")


@cache
def chapter(stem: str) -> NotebookNode:
    return read_chapter(CHAPTERS[stem])


def text(stem: str) -> str:
    cells = [c.source for c in chapter(stem).cells if c.cell_type == "markdown"]
    return "\n\n".join(cells)


def directives(stem: str) -> list[re.Match]:
    return list(DIRECTIVE.finditer(text(stem)))


def before_and_after_parameters(
    stem: str,
) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """Return the code cells before those of the parameters, and those after."""
    cells = code_cells(chapter(stem))
    (place,) = [k for k, cell in enumerate(cells) if has_tag(cell, "parameters")]
    return cells[:place], cells[place + 1 :]


def check_cell(stem: str) -> NotebookNode:
    """Return the code cell right after the parameters."""
    _, after = before_and_after_parameters(stem)
    return after[0]


PARAMETER = re.compile(r"\w+: [\w\[\], ]+ = [^#]+  # \w.*")
KINDS = re.compile(r"from lib\.parameters import [\w, ]+")


@no_chapter
def test_one_cell_holds_the_parameters_each_with_its_kind_and_meaning(stem):
    cells = [c for c in code_cells(chapter(stem)) if has_tag(c, "parameters")]
    lines = [line for cell in cells for line in cell.source.splitlines() if line]
    named = [line for line in lines if not KINDS.fullmatch(line)]
    if len(cells) != 1 or not 0 < len(describe(CHAPTERS[stem])) == len(named):
        yield f"{len(cells)} cells of parameters with {len(named)} lines"
    yield from (line for line in named if not PARAMETER.fullmatch(line))


@no_chapter
def test_the_next_cell_checks_them_in_one_line(stem):
    first, *rest = check_cell(stem).source.splitlines()
    if first != "parameters.check(globals())":
        yield first
    yield from (line for line in rest if "parameters" in line)


@cache
def imported(stem: str) -> dict:
    """Do the imports of a chapter and set its parameters."""
    namespace: dict = {}
    for cell in code_cells(chapter(stem)):
        for statement in ast.parse(cell.source).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                exec(ast.unparse(statement), namespace)
        if has_tag(cell, "parameters"):
            exec(cell.source, namespace)
            return namespace
    raise AssertionError(f"{stem} has no parameters")


def run_check(stem: str, **changed) -> str:
    """Run the first line after the parameters; return its complaint."""
    try:
        exec(check_cell(stem).source.splitlines()[0], imported(stem) | changed)
    except ParameterError as error:
        return str(error)
    return ""


@no_chapter
def test_the_next_cell_accepts_the_chapters_own_parameters(stem):
    if complaint := run_check(stem):
        yield complaint


@no_chapter
def test_the_next_cell_refuses_any_parameter_that_is_no_value(stem):
    for name in describe(CHAPTERS[stem]):
        complaint = run_check(stem, **{name: object()})
        if f"Parameter '{name}' must be" not in complaint:
            yield name, complaint


@no_chapter
def test_the_next_cell_refuses_a_parameter_that_it_does_not_know(stem):
    complaint = run_check(stem, sead=3)
    hint = "; did you mean 'seed'?" if "seed" in describe(CHAPTERS[stem]) else ""
    if "Unknown parameter 'sead'" not in complaint or hint not in complaint:
        yield complaint


@no_chapter
def test_nothing_is_computed_before_the_parameters(stem):
    before, _ = before_and_after_parameters(stem)
    for cell in before:
        for statement in ast.parse(cell.source).body:
            imports = isinstance(statement, ast.Import | ast.ImportFrom)
            if not imports and "use_book_style()" not in ast.unparse(statement):
                yield ast.unparse(statement)


@no_chapter
def test_cells_are_short(stem):
    for cell in code_cells(chapter(stem)):
        if len(cell.source.splitlines()) > MOST_LINES_OF_A_CELL:
            yield cell.source


@no_chapter
def test_a_chapters_own_code_is_short(stem):
    if len(own_code(stem)) > MOST_LINES_OF_A_CHAPTER:
        yield len(own_code(stem))


def own_code(stem: str) -> list[str]:
    """List the lines that a reader of the chapter has to follow.

    Not among them: parameters, their kinds and check, code that is not shown (it hands
    numbers to the text and to figures that move), and the code of solutions, which is
    the reader's own work.
    """
    lines, inside_solution = [], False
    for cell in chapter(stem).cells:
        if cell.cell_type == "markdown":
            for name in (match["name"] for match in DIRECTIVE.finditer(cell.source)):
                if name in ("solution-start", "solution-end"):
                    inside_solution = name == "solution-start"
            continue
        aside = any(has_tag(cell, tag) for tag in ASIDE)
        if not (aside or inside_solution or cell == check_cell(stem)):
            lines += [line for line in cell.source.splitlines() if line.strip()]
    return [line for line in lines if not KINDS.fullmatch(line)]


@no_chapter
def test_functions_and_classes_live_in_lib(stem):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    for cell in code_cells(chapter(stem)):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, kinds):
                yield ast.unparse(node)


@no_chapter
def test_cells_carry_no_outputs(stem):
    source = CHAPTERS[stem].read_text(encoding="utf-8")
    yield from re.findall(
        r"^:outputs:|^outputs:\s*(?:\[|$)|execution_count|image/png|image/svg",
        source,
        re.M,
    )
    yield from (cell.source for cell in code_cells(chapter(stem)) if cell.outputs)


def test_only_the_text_of_a_chapter_is_in_git():
    if not (REPOSITORY / ".git").exists():
        pytest.skip("This copy of the book is not a git checkout")
    command = ["git", "ls-files", "--", "chapters"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert sorted(listed.stdout.split()) == [f"chapters/{s}.md" for s in CHAPTERS]


@no_chapter
def test_the_title_has_the_chapters_number(stem):
    title = text(stem).splitlines()[0]
    if not title.startswith(f"# {int(stem[:2])}. "):
        yield title


@no_chapter
def test_it_says_where_it_fails_asks_and_names_its_sources(stem):
    headings = re.findall(r"^## (.*)$", text(stem), re.M)
    if headings[-3:] != ["Where this fails", "Exercises", "Sources"]:
        yield headings[-3:]


@no_chapter
def test_every_statement_is_proved_in_a_dropdown(stem):
    found = directives(stem)
    names = [match["name"].removeprefix("prf:") for match in found]
    stated = [k for k, name in enumerate(names) if name in STATEMENTS]
    if not stated:
        yield "no statement"
    for k in stated:
        if (found[k + 1]["name"], found[k + 1]["title"]) != ("dropdown", "Proof"):
            yield found[k]["title"]


@no_chapter
def test_every_exercise_has_a_solution_that_opens_at_a_click(stem):
    found = directives(stem)
    exercises = [label_of(stem, m) for m in found if m["name"] == "exercise"]
    solutions = [m for m in found if m["name"] in ("solution", "solution-start")]
    if not exercises or [solution["title"] for solution in solutions] != exercises:
        yield exercises
    for solution in solutions:
        head = text(stem)[solution.end() :].split("\n\n")[0]
        if ":class: dropdown" not in head:
            yield solution["title"]


def label_of(stem: str, match: re.Match) -> str:
    """Return the label in the options of a directive."""
    return LABEL.match(text(stem), match.end())["label"]
