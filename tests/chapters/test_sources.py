"""What every chapter keeps to, read from its text."""

import ast
import re
import subprocess

import pytest
from nbformat import NotebookNode

from lib.parameters import ParameterError
from tools.book import REPOSITORY, Book
from tools.chapter import code_cells, describe, has_tag, read_chapter

CHAPTERS = Book().chapters()
MOST_LINES_OF_A_CELL = 12
MOST_LINES_OF_A_CHAPTER = 80
ASIDE = ("parameters", "remove-cell", "remove-input")
STATEMENTS = ("theorem", "lemma", "proposition", "corollary")
DIRECTIVE = re.compile(r"^ *(?:`{3,}|:{3,})\{(?P<name>[\w:-]+)\} *(?P<title>.*)$", re.M)
LABEL = re.compile(r"\n:label: (?P<label>\S+)")

pytestmark = pytest.mark.parametrize("stem", CHAPTERS)


def chapter(stem: str) -> NotebookNode:
    return read_chapter(CHAPTERS[stem])


def text(stem: str) -> str:
    cells = [c.source for c in chapter(stem).cells if c.cell_type == "markdown"]
    return "\n\n".join(cells)


def directives(stem: str) -> list[re.Match]:
    return list(DIRECTIVE.finditer(text(stem)))


def check_cell(stem: str) -> NotebookNode:
    """Return the code cell right after the parameters."""
    cells = code_cells(chapter(stem))
    (place,) = [k for k, cell in enumerate(cells) if has_tag(cell, "parameters")]
    return cells[place + 1]


PARAMETER = re.compile(r"\w+: [\w\[\], ]+ = [^#]+  # \w.*")
KINDS = re.compile(r"from lib\.parameters import [\w, ]+")


def test_one_cell_holds_the_parameters_each_with_its_kind_and_meaning(stem):
    (cell,) = [c for c in code_cells(chapter(stem)) if has_tag(c, "parameters")]
    lines = [line for line in cell.source.splitlines() if line]
    named = [line for line in lines if not KINDS.fullmatch(line)]
    assert len(named) == len(describe(CHAPTERS[stem])) > 0
    for line in named:
        assert PARAMETER.fullmatch(line)


def test_the_next_cell_checks_them_in_one_line(stem):
    first, *rest = check_cell(stem).source.splitlines()
    assert first == "parameters.check(globals())"
    assert not [line for line in rest if "parameters" in line]


def run_check(stem: str, **changed) -> None:
    """Do the imports of a chapter, set its parameters, and check them."""
    namespace: dict = {}
    for cell in code_cells(chapter(stem)):
        for statement in ast.parse(cell.source).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                exec(ast.unparse(statement), namespace)
        if has_tag(cell, "parameters"):
            exec(cell.source, namespace)
            namespace |= changed
            exec(check_cell(stem).source.splitlines()[0], namespace)
            return
    raise AssertionError(f"{stem} has no parameters")


def test_the_next_cell_accepts_the_chapters_own_parameters(stem):
    run_check(stem)


def test_the_next_cell_refuses_any_parameter_that_is_no_value(stem):
    for name in describe(CHAPTERS[stem]):
        with pytest.raises(ParameterError, match=f"Parameter '{name}' must be"):
            run_check(stem, **{name: object()})


def test_the_next_cell_refuses_a_parameter_that_it_does_not_know(stem):
    with pytest.raises(ParameterError, match="Unknown parameter 'sead'") as error:
        run_check(stem, sead=3)
    if "seed" in describe(CHAPTERS[stem]):
        assert "; did you mean 'seed'?" in str(error.value)


def test_nothing_is_computed_before_the_parameters(stem):
    cells = code_cells(chapter(stem))
    first = next(k for k, cell in enumerate(cells) if has_tag(cell, "parameters"))
    for cell in cells[:first]:
        for statement in ast.parse(cell.source).body:
            imports = isinstance(statement, ast.Import | ast.ImportFrom)
            assert imports or "use_book_style()" in ast.unparse(statement)


def test_cells_are_short(stem):
    for cell in code_cells(chapter(stem)):
        assert len(cell.source.splitlines()) <= MOST_LINES_OF_A_CELL


def test_a_chapters_own_code_is_short(stem):
    assert len(own_code(stem)) <= MOST_LINES_OF_A_CHAPTER


def own_code(stem: str) -> list[str]:
    """List the lines that a reader of the chapter has to follow.

    Not among them: parameters, their kinds and check, code that is not shown (it hands numbers
    to the text and to figures that move), and the code of solutions, which is the
    reader's own work.
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


def test_functions_and_classes_live_in_lib(stem):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    for cell in code_cells(chapter(stem)):
        assert not [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, kinds)]


def test_cells_carry_no_outputs(stem):
    source = CHAPTERS[stem].read_text(encoding="utf-8")
    assert not re.search(
        r"^:outputs:|^outputs:\s*(\[|$)|execution_count|image/png|image/svg",
        source,
        re.M,
    )
    for cell in code_cells(chapter(stem)):
        assert cell.outputs == []


def test_only_the_text_of_a_chapter_is_in_git(stem):
    if not (REPOSITORY / ".git").exists():
        pytest.skip("This copy of the book is not a git checkout")
    command = ["git", "ls-files", "--", f"chapters/{stem}.*"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert listed.stdout.split() == [f"chapters/{stem}.md"]


def test_the_title_has_the_chapters_number(stem):
    title = text(stem).splitlines()[0]
    assert title.startswith(f"# {int(stem[:2])}. ")


def test_it_says_where_it_fails_asks_and_names_its_sources(stem):
    headings = re.findall(r"^## (.*)$", text(stem), re.M)
    assert headings[-3:] == ["Where this fails", "Exercises", "Sources"]


def test_every_statement_is_proved_in_a_dropdown(stem):
    found = directives(stem)
    names = [match["name"].removeprefix("prf:") for match in found]
    stated = [k for k, name in enumerate(names) if name in STATEMENTS]
    assert stated
    for k in stated:
        following = found[k + 1]
        assert (following["name"], following["title"]) == ("dropdown", "Proof")


def test_every_exercise_has_a_solution_that_opens_at_a_click(stem):
    found = directives(stem)
    exercises = [label_of(stem, m) for m in found if m["name"] == "exercise"]
    solutions = [m for m in found if m["name"] in ("solution", "solution-start")]
    assert exercises
    assert [solution["title"] for solution in solutions] == exercises
    for solution in solutions:
        head = text(stem)[solution.end() :].split("\n\n")[0]
        assert ":class: dropdown" in head


def label_of(stem: str, match: re.Match) -> str:
    """Return the label in the options of a directive."""
    return LABEL.match(text(stem), match.end())["label"]
