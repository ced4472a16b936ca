"""marimo's editor, opened on a notebook of a workspace."""

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tito.course import Module
from tito.errors import TitoError
from tito.place import Place

STOPPED_BY_CTRL_C = (-signal.SIGINT, 128 + signal.SIGINT, 0xC000013A)  # the last one on Windows
START_TIMEOUT_S = 60.0  # for marimo to answer


def edit(place: Place, module: Module, browser: bool = True) -> int:
    """Open a notebook and wait until the editor is closed; returns marimo's exit code."""
    return _open(place, ["edit", str(place.notebook(module).relative_to(place.root))], browser)


def view(place: Place, notebook: Path) -> int:
    """Open a notebook as an app, without its code, and wait until it is closed; returns marimo's exit code."""
    return _open(place, ["run", str(notebook)], browser=True)


def _open(place: Place, arguments: list[str], browser: bool) -> int:
    """Run marimo until it is closed.

    With no terminal attached it would never be closed: then this makes sure that the notebook opens, prints its address
    and stops marimo again.
    """
    command = [sys.executable, "-m", "marimo", *arguments]
    if not browser:
        command.append("--headless")
    if sys.stdin.isatty() and sys.stdout.isatty():
        print("No browser opened? Open the address that marimo prints below.")
        signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is marimo's: it asks whether you are sure
        code = subprocess.run(command, cwd=place.root, env=place.environment()).returncode
        return 0 if code in STOPPED_BY_CTRL_C else code
    with serving(place, arguments) as address:
        print(f"The notebook opens at {address} (HTTP {_status(address)}).")
        print("No terminal is attached, so it has been stopped again. Run this in a terminal.")
    return 0


@contextmanager
def serving(place: Place, arguments: list[str]) -> Iterator[str]:
    """Run marimo with these arguments, without opening a browser, until the block ends; yields the address of its page.

    Raises:
        TitoError: marimo did not start.
    """
    editor = subprocess.Popen(
        [sys.executable, "-m", "marimo", *arguments, "--headless"],
        cwd=place.root,
        env=place.environment() | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    try:
        yield _address(editor)
    finally:
        editor.terminate()
        editor.wait()


def _address(editor: subprocess.Popen) -> str:
    """The URL that marimo prints once it serves."""
    printed = []
    deadline = time.monotonic() + START_TIMEOUT_S
    for line in editor.stdout:
        printed.append(line)
        if url := re.search(r"http://\S+", line):
            return url[0]
        if time.monotonic() > deadline:
            break
    raise TitoError("marimo did not start:\n" + "".join(printed).strip())


def _status(address: str) -> int:
    """The HTTP status of a page; marimo prints its address a moment before it answers there."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=START_TIMEOUT_S) as answer:
                return answer.status
        except OSError as error:
            if time.monotonic() > deadline:
                raise TitoError(f"{address} doesn't answer ({error}): run the command again") from None
            time.sleep(0.1)
