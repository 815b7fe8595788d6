"""The table of all statements names what there is: labels, code and tests."""

import re

from tools.book import REPOSITORY, Book

PAGE = (REPOSITORY / "back" / "statements.md").read_text(encoding="utf-8")
SECTION = re.compile(
    r"^## (?P<number>\d+)\. (?P<title>.*)\n(?P<rows>(?:.*\n)*?)(?=^## |\Z)", re.M
)
CODE = re.compile(r"`([^`]+)`")


def rows():
    """List ``(chapter number, cells)`` of every row."""
    for section in SECTION.finditer(PAGE):
        for line in section["rows"].splitlines():
            if line.startswith("| ") and not line.startswith("| paper |"):
                cells = [cell.strip() for cell in line.strip("|").split("|")]
                yield int(section["number"]), cells


ROWS = list(rows())


def words_of_the_code():
    """Return all words in the library, the experiments, the figures and the tools."""
    names = ("lib", "experiments", "figures", "tools")
    files = (path for name in names for path in (REPOSITORY / name).rglob("*.py"))
    texts = (path.read_text(encoding="utf-8") for path in files)
    return {word for text in texts for word in re.findall(r"\w+", text)}


def test_every_chapter_has_its_statements():
    chapters = {int(stem[:2]) for stem in Book().chapters()}
    assert {number for number, _ in ROWS} == chapters
    assert all(len(cells) == 5 for _, cells in ROWS)


NUMBERED = (
    *("Theorem 1", "Theorem 2", "Theorem 3", "Lemma 4", "Lemma 5", "Corollary 5.1"),
    *("Remark 1.1", "Remark 5.1", "Remark 5.2", "Algorithm 1", "Table 1"),
    *(rf"Figures? (?:\d, )*{k}" for k in range(1, 7)),
)


def test_every_numbered_statement_of_the_paper_is_there():
    paper = " ".join(cells[0] for _, cells in ROWS)
    assert [item for item in NUMBERED if not re.search(rf"{item}\b", paper)] == []


def test_labels_are_in_their_chapters():
    chapters = {
        int(s[:2]): p.read_text(encoding="utf-8") for s, p in Book().chapters().items()
    }
    everything = "\n".join(chapters.values())
    for number, (_, _, labels, _, _) in ROWS:
        for label in CODE.findall(labels):
            text = everything if "Chapter" in labels else chapters[number]
            found = re.search(rf"(:label: |name: |\(){re.escape(label)}\b", text)
            assert found, f"{label} is not in Chapter {number}"


def test_code_exists():
    named = {
        (number, name.split(".")[-1].split("(")[0])
        for number, (*_, code, _) in ROWS
        for name in CODE.findall(code)
    }
    words = words_of_the_code()
    assert [pair for pair in sorted(named) if pair[1] not in words] == []


BOX = re.compile(
    r"\{prf:(?:theorem|proposition|lemma|corollary|remark)\}.*\n:label: (?P<label>\S+)"
)


def test_every_box_of_a_chapter_has_a_row():
    missing = {}
    for stem, path in Book().chapters().items():
        number = int(stem[:2])
        named = {label for n, row in ROWS if n == number for label in words_of(row[2])}
        boxes = BOX.findall(path.read_text(encoding="utf-8"))
        missing[number] = [label for label in boxes if label not in named]
    assert not {number: labels for number, labels in missing.items() if labels}


def words_of(cell):
    return re.findall(r"[\w-]+", cell)


def test_every_row_names_a_test_that_exists():
    broken = []
    for number, (paper, *_, tests) in ROWS:
        names = CODE.findall(tests)
        if not names or not names[0].startswith("tests/"):
            broken.append((number, paper, tests))
        path = ""
        for name in names:
            path, name = name.split("::") if "::" in name else (path, name)
            path, name = (name, "") if name.startswith("tests/") else (path, name)
            file = REPOSITORY / path
            text = file.read_text(encoding="utf-8") if file.is_file() else ""
            name = name.split("[")[0]
            if not text or (name and f"def {name}(" not in text):
                broken.append((number, path, name))
    assert broken == []


def test_no_row_claims_what_only_a_search_of_the_literature_could():
    assert "(ours)" not in PAGE
