"""NBGrader's formgrader in a real browser: an answer is read, marked, and the mark arrives in the grades."""

import csv
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="runs only where nbgrader is installed: make test-nbgrader")

from tests.nbgrader.students import ANSWERS, MODULE, UNSAFE, answered, hand_in, solved
from tests.tito.student import done, tito

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="runs only where chromium is installed")


@pytest.fixture
def folder(tmp_path):
    """A class of one, whose answers nobody has read yet."""
    folder = tmp_path / "class"
    done(tito("nbgrader", "init", folder, cwd=tmp_path))
    done(tito("nbgrader", "generate", "02", cwd=folder))
    released = nbformat.read(folder / "release" / MODULE.stem / f"{MODULE.stem}.ipynb", 4)
    hand_in(tmp_path / "incoming", {"ada": ({"x.ipynb": answered(solved(released))},)})
    done(tito("nbgrader", "collect", "02", tmp_path / "incoming", cwd=folder))
    done(tito("nbgrader", "autograde", "02", *UNSAFE, cwd=folder))
    return folder


@contextmanager
def formgrader(folder: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # where a shell has started the tests in the background, Ctrl-C is ignored, also by what they start
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "tito", "nbgrader", "formgrade", "--no-browser", "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, encoding="utf-8")
    try:
        yield re.search(r"http\S+", process.stdout.readline())[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def test_an_answer_is_marked_and_exported(folder):
    from playwright.sync_api import sync_playwright

    with formgrader(folder) as address, sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(address)
        page.goto(f"{address.partition('?')[0]}/gradebook/{MODULE.stem}/{MODULE.stem}")
        page.click("text=Submission #1")
        page.wait_for_selector("input.score")
        page.wait_for_load_state("networkidle")  # before that, the page's script does not listen
        for question in ANSWERS:
            box = page.locator(f"input.score#{question}")
            with page.expect_response(lambda answer: answer.request.method == "PUT") as saved:
                box.fill("1.5")
                box.press("Tab")
            assert saved.value.ok
        browser.close()
    done(tito("nbgrader", "export", cwd=folder))
    with (folder / "grades.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["status"], row["score"], row["question_softmax_memory"]) == ("graded", "26", "1.5")
