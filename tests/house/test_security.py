"""What the code must not do: run what it reads, trust archives, or hold secrets."""

import ast
import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jupytext
import pytest
import yaml

from tools import book

ROOT = Path(__file__).resolve().parents[2]
CODE = ("lib", "experiments", "figures", "tools", "benchmarks", "_ext")

# -- nothing that is read is run

FORBIDDEN_MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib"}
FORBIDDEN_MODULES |= {"tarfile", "urllib.request", "http.client", "requests", "httpx"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
FORBIDDEN_ENDINGS = (
    "extractall",
    "extract",
    "unpack_archive",
    "urlopen",
    "urlretrieve",
)
REQUIRED = {
    **{"np.load": ("allow_pickle", False), "numpy.load": ("allow_pickle", False)},
    "torch.load": ("weights_only", True),
}

EXCEPTIONS = {
    # It runs cells of the book's own chapters, which it is there to describe.
    ("tools/chapter.py", "exec"),
    # Its Loader is a SafeLoader, as a test below holds.
    ("tools/book.py", "yaml.load"),
}


def offences(source: str) -> Iterator[str]:
    """List the calls and imports of some code that could run what it reads."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from FORBIDDEN_MODULES & {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            both = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from FORBIDDEN_MODULES & (both | {node.module})
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            given = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
            if is_forbidden(name) or is_loose(name, given):
                yield name


def is_forbidden(name: str) -> bool:
    """Tell whether a function may not be called, whatever it is given."""
    unsafe_yaml = name.startswith("yaml.") and "load" in name
    return (
        name in FORBIDDEN_CALLS
        or name.endswith(FORBIDDEN_ENDINGS)
        or (unsafe_yaml and name != "yaml.safe_load")
    )


def is_loose(name: str, given: dict) -> bool:
    """Tell whether a call lacks the option that makes it safe."""
    if name in REQUIRED:
        option, value = REQUIRED[name]
        return given.get(option) is not value
    return bool(given.get("shell"))


def of_the_book() -> Iterator[tuple[str, str]]:
    """List the code of the book, by the names of its files."""
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "chapters").glob("*.md")):
        cells = [c for c in jupytext.read(path).cells if c.cell_type == "code"]
        yield str(path.relative_to(ROOT)), "\n\n".join(cell.source for cell in cells)


def test_nothing_that_is_read_is_run():
    found = {
        (name, offence)
        for name, source in of_the_book()
        for offence in offences(source)
    }
    assert found == EXCEPTIONS


UNSAFE = (
    *("import pickle", "from pickle import loads", "import dill"),
    *("np.load(path)", "np.load(path, allow_pickle=True)", "torch.load(path)"),
    *("yaml.load(text, Loader=yaml.Loader)", "yaml.unsafe_load(text)"),
    *("eval(text)", "exec(text)", "subprocess.run(line, shell=True)"),
    *("archive.extractall(folder)", "shutil.unpack_archive(path)"),
    *("from urllib.request import urlopen", "os.system(line)"),
)
SAFE = (
    *("np.load(path, allow_pickle=False)", "torch.load(path, weights_only=True)"),
    *("yaml.safe_load(text)", "subprocess.run([program, path])"),
    "re.compile(pattern)",
)


def test_the_search_sees_what_it_looks_for_and_nothing_else():
    assert [line for line in UNSAFE if not list(offences(line))] == []
    assert [line for line in SAFE if list(offences(line))] == []


def test_yaml_makes_no_objects(tmp_path):
    with pytest.raises(yaml.YAMLError, match="could not determine a constructor"):
        book.parse_yaml("!!python/object/apply:os.getcwd []")
    (tmp_path / "unsafe.yml").write_text("!!python/name:os.system ''")
    with pytest.raises(book.BookError, match="is not valid YAML"):
        book.read_yaml(tmp_path / "unsafe.yml")


# -- no secrets

KEYS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}|github_pat_\w{22}"
    r"|xox[abprs]-\w{10}|sk-\w{20}|AIza[\w-]{35}|pypi-AgEI\w{20}|npm_\w{36}|hf_\w{30}"
    r"|eyJ[\w-]{15,}\.[\w-]{15,}\."
)
"""Marks of the keys of common services, and of signed tokens."""

TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{32,}")
RANDOM = 4.2
"""Bits a character of a random token of 32 characters; words have some 3.5."""

HASH = re.compile(r"[0-9a-f]{64}|sha256-[\w+/]{43}=")
"""A sha256, which says what data must be and opens nothing."""

ADDRESS = re.compile(r"https?://[^\s}>\"]+")
"""Addresses of papers look random; marks of keys are looked for in them as well."""

NOT_READ = {
    "_assets/mathjax/tex-svg-full.js": "the released file of MathJax",
    "benchmarks/results.svg": "outlines that matplotlib drew",
}


@cache
def tracked() -> list[Path]:
    """List the files in git, but for pictures and what others have released."""
    if not (ROOT / ".git").exists():
        pytest.skip("This copy of the book is not a git checkout")
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    names = set(filter(None, listed.stdout.split("\0"))) - set(NOT_READ)
    kept = [ROOT / name for name in names if not name.endswith((".webp", ".png"))]
    return sorted(path for path in kept if path.is_file())


def is_random(token: str) -> bool:
    """Tell whether a token looks drawn at random: letters of both cases and digits."""
    counts = Counter(token).values()
    bits = sum(n / len(token) * math.log2(len(token) / n) for n in counts)
    kinds = ("[a-z]", "[A-Z]", "[0-9]")
    return bits > RANDOM and all(re.search(kind, token) for kind in kinds)


def secrets(text: str) -> list[str]:
    """List what in a text looks like a key."""
    words = TOKEN.findall(ADDRESS.sub("", text))
    tokens = (word for word in words if not HASH.fullmatch(word))
    return KEYS.findall(text) + [token for token in tokens if is_random(token)]


def test_no_file_holds_a_key():
    assert len(tracked()) > 200
    found = {
        str(path.relative_to(ROOT)): keys
        for path in tracked()
        if (keys := secrets(path.read_text(encoding="utf-8")))
    }
    assert found == {}


LIKE_KEYS = (
    ("AKIA", "ABCDEFGHIJKLMNOP"),
    ("-----BEGIN RSA ", "PRIVATE KEY-----"),
    ("ghp_", "a1" * 18),
    ("password = '", "x7Kq2mZ9pL4vB8nR1t", "Y6wC3dF5gH0jSeUaQ", "'"),
)
"""In parts, so that this file itself holds none."""


def test_the_search_for_keys_finds_them():
    assert [parts for parts in LIKE_KEYS if not secrets("".join(parts))] == []


def test_words_and_hashes_are_no_keys():
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    assert secrets(f"{digest} a_name_that_is_long_but_made_of_words_2") == []
