"""Containers and Binder run the book's own commands, on what these commands need."""

import json
import re
import shlex
import shutil
import tomllib
from importlib import metadata
from pathlib import Path

import yaml
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"
DEVCONTAINER = ROOT / ".devcontainer" / "devcontainer.json"


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, lines joined, comments left out."""
    lines = [ln for ln in DOCKERFILE.read_text().splitlines() if not ln.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in joined if line.strip()]


def arguments(kind: str) -> list[str]:
    return [rest for name, rest in instructions() if name == kind]


def copied() -> list[str]:
    """The paths that the Dockerfile copies, in order."""
    words = [shlex.split(rest)[:-1] for rest in arguments("COPY")]
    return [word for line in words for word in line if not word.startswith("--")]


def installed(text: str) -> set[str]:
    """The Debian packages that a script installs."""
    calls = re.findall(r"(?:install -y.*?recommends|\|\| install) ([a-z0-9. -]+)", text)
    return {package for call in calls for package in call.split()}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_image_has_the_python_of_the_book():
    (base, _) = arguments("FROM")
    version = re.match(r"python:(\d\.\d+)-", base).group(1)
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert f"python={version}" in environment["dependencies"]
    assert f"PYTHON ?= python{version}" in (ROOT / "Makefile").read_text()


def test_the_image_takes_from_debian_what_continuous_integration_takes():
    theirs = installed((ROOT / ".ci" / "run").read_text())
    assert "chromium" in theirs
    ours = installed(" ".join(arguments("RUN")))
    assert ours == {name for name in theirs if not name.startswith("python")}


def test_what_the_image_copies_is_in_the_repository():
    assert [path for path in copied() if not (ROOT / path).exists()] == []


def test_what_make_venv_reads_is_copied_before_it():
    before = copied()[: copied().index(".")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {"Makefile", "requirements.lock", "pyproject.toml", "lib"}
    needed |= {project["readme"], *project["license-files"]}
    assert set(before) == needed
    order = [f"{name} {rest}" for name, rest in instructions()]
    (rest,) = [k for k, line in enumerate(order) if re.match(r"COPY.* \. \.$", line)]
    assert order.index("RUN make venv") == rest - 1
    # pip takes it from the environment, where an argument of the build is during RUN
    assert order[rest - 2].startswith("ARG PIP_EXTRA_INDEX_URL=https://")


def test_the_image_does_not_copy_what_make_makes():
    ignored = set((ROOT / ".dockerignore").read_text().splitlines())
    assert {".venv/", "_build/", ".git/"} <= ignored
    assert not [path for path in copied() if f"{path}/" in ignored]


def test_the_containers_commands_are_targets_of_make():
    (start,) = arguments("CMD")
    settings = json.loads(DEVCONTAINER.read_text())
    commands = [shlex.split(rest) for rest in arguments("RUN") if "apt" not in rest]
    commands += [json.loads(start), settings["postCreateCommand"].split()]
    made = [command for command in commands if command[0] == "make"]
    assert len(made) == 3
    assert {command[1] for command in made} <= make_targets()
    options = [word.split("=")[0] for command in made for word in command[2:]]
    assert options == ["LAB"]
    assert "$(LAB)" in (ROOT / "Makefile").read_text()


def test_the_editors_container_is_the_stage_without_the_book():
    settings = json.loads(DEVCONTAINER.read_text())
    build, folder = settings["build"], DEVCONTAINER.parent
    assert (folder / build["dockerfile"]).resolve() == DOCKERFILE
    assert (folder / build["context"]).resolve() == ROOT
    stages = [rest.split(" AS ")[1] for rest in arguments("FROM")]
    assert build["target"] == stages[0]
    interpreter = settings["customizations"]["vscode"]["settings"].values()
    assert list(interpreter) == ["${containerWorkspaceFolder}/.venv/bin/python"]
    (port,) = arguments("EXPOSE")
    assert int(port) in settings["forwardPorts"]
    serve = re.search(r"PORT \?= (\d+)", (ROOT / "Makefile").read_text()).group(1)
    assert int(serve) in settings["forwardPorts"]


def scripts() -> dict[str, str]:
    """The commands that installed packages bring, with their packages."""
    return {
        entry.name: canonicalize_name(entry.dist.name)
        for entry in metadata.entry_points(group="console_scripts")
    }


def test_what_binder_runs_after_the_build_is_in_the_lock():
    lines = (ROOT / "postBuild").read_text().splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    commands = [line[0] for line in words if line and line[0] != "set"]
    assert commands == ["jupytext-config"]
    locked = (ROOT / "requirements.lock").read_text()
    for command in commands:
        assert re.search(rf"^{scripts()[command]}==", locked, re.MULTILINE)
    assert (ROOT / "postBuild").stat().st_mode & 0o111


def test_scripts_start_with_a_shell_that_is_there():
    for file in (".ci/run", "postBuild"):
        first = (ROOT / file).read_text().splitlines()[0]
        assert first == "#!/usr/bin/env bash", file
    assert shutil.which("bash")


def test_jupytext_turns_itself_on_wherever_it_is_installed():
    switch = "etc/jupyter/jupyter_server_config.d/jupytext.json"
    (found,) = [p for p in metadata.files("jupytext") if str(p).endswith(switch)]
    enabled = json.loads(Path(found.locate()).read_text())["ServerApp"]
    assert enabled["jpserver_extensions"]["jupyterlab_jupytext"] is True
