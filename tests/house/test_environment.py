"""One list of versions: environment.yml, requirements.in and the lock agree."""

import re
from importlib import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""Where PyTorch has its builds without CUDA."""


def requirements(name):
    """Return the requirements of a file, comments left out."""
    lines = (ROOT / name).read_text().splitlines()
    bare = (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines)
    return [Requirement(line) for line in bare if line]


def pins():
    """Return the version of each package in the lock."""
    return {
        canonicalize_name(line.name): str(line.specifier).removeprefix("==")
        for line in requirements("requirements.lock")
    }


def test_environment_is_a_shell_around_the_lock_and_the_library():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, from_pip = environment["dependencies"]
    assert python == "python=3.11"
    assert pip == "pip"
    index = f"--extra-index-url {CPU_INDEX}"
    assert from_pip == {"pip": [index, "-r requirements.lock", "-e ."]}


def test_containers_and_binder_take_torch_from_one_index():
    dockerfile = (ROOT / "Dockerfile").read_text().splitlines()
    assert f"ARG PIP_EXTRA_INDEX_URL={CPU_INDEX}" in dockerfile
    assert (
        f"PIP_EXTRA_INDEX_URL={CPU_INDEX} make book" in (ROOT / "README.md").read_text()
    )


def test_every_line_of_the_lock_pins_one_version():
    for line in requirements("requirements.lock"):
        assert re.fullmatch(r"==[^=,*]+", str(line.specifier)), line
        assert line.url is None
        assert line.marker is None


def test_lock_names_each_package_once():
    names = [canonicalize_name(line.name) for line in requirements("requirements.lock")]
    assert len(set(names)) == len(names)


def test_every_requirement_is_pinned_in_the_lock():
    pinned = pins()
    loose = [
        str(line)
        for line in requirements("requirements.in")
        if (name := canonicalize_name(line.name)) not in pinned
        or not line.specifier.contains(pinned[name])
    ]
    assert loose == []


def test_lock_takes_torch_for_any_machine():
    # "+cpu" or "+cu130" would tie the lock to one index and one kind of machine.
    assert re.fullmatch(r"[0-9.]+", pins()["torch"])
    assert not [name for name in pins() if name.startswith(("nvidia-", "cuda-"))]


def test_lock_names_no_index_and_no_path():
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links| @ ", text)


def test_every_locked_package_takes_the_first_python_of_the_book():
    # Debian 12 has 3.11.2, and a later one may be far from a reader's machine.
    needed = {name: metadata.metadata(name).get("Requires-Python") for name in pins()}
    refused = {
        name: versions
        for name, versions in needed.items()
        if not SpecifierSet(versions or "").contains("3.11.0")
    }
    assert refused == {}


def test_python_version_is_the_same_everywhere():
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert 'requires-python = ">=3.11,<3.12"' in pyproject
    assert 'target-version = "py311"' in pyproject
    assert "PYTHON ?= python3.11" in (ROOT / "Makefile").read_text()


def test_tests_run_in_the_locked_environment():
    different = {
        name: (metadata.version(name), version)
        for name, version in pins().items()
        # The local version ("+cpu") is the index's, not the release's.
        if metadata.version(name).split("+")[0] != version
    }
    assert not different
