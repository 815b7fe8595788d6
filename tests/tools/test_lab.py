"""JupyterLab as `make lab` starts it, at the addresses that the chapters name."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tools.book import REPOSITORY, Book

PATIENCE_SECONDS = 90
STEMS = list(Book().chapters())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.read()


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[str]:
    """The address of a JupyterLab, started without a window and a password."""
    port = free_port()
    options = f"--no-browser --allow-root --port={port} --IdentityProvider.token="
    home = tmp_path_factory.mktemp("jupyter")
    log = (home / "log").open("w")
    process = subprocess.Popen(
        ["make", "lab", f"LAB={options}"],
        cwd=REPOSITORY,
        env=os.environ | {"JUPYTER_CONFIG_DIR": str(home), "MAKEFLAGS": ""},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/api", process, home / "log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(address: str, process: subprocess.Popen, log) -> None:
    """Wait until a server answers; show what it said if it does not."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            get(address)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.3)
        else:
            return
    pytest.fail(log.read_text())


@pytest.mark.parametrize("stem", STEMS)
def test_a_chapter_is_where_its_page_says_and_opens_as_a_notebook(lab, stem):
    assert b"JupyterLab" in get(f"{lab}/lab/tree/chapters/{stem}.md")
    told = json.loads(get(f"{lab}/api/contents/chapters/{stem}.md?type=notebook"))
    assert told["type"] == "notebook"
    assert any(cell["cell_type"] == "code" for cell in told["content"]["cells"])


def test_a_chapter_that_is_asked_for_is_opened():
    def opened(*words):
        command = ["make", "--dry-run", "lab", *words]
        environment = {k: v for k, v in os.environ.items() if k != "MAKEFLAGS"}
        told = subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True
        )
        return re.search(r"default_url=(\S+)", told.stdout).group(1)

    assert opened() == "/lab/tree/chapters"
    for stem in STEMS:
        for name in (stem, f"{stem}.md", stem[:2], f"{int(stem[:2])}"):
            assert opened(f"CHAPTER={name}") == f"/lab/tree/chapters/{stem}.md"
