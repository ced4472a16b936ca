"""The book: built by Jupyter Book from the notebooks and the chapters in `book/`, served, and checked as a reader gets it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tito import course, launch, play, repository
from tito.course import ROOT
from tito.errors import TitoError
from tito.files import read, write
from tito.wheel import wheel_version
from tito.workspace import EDITOR_CSS

HTML = ROOT / "_build" / "html"


def build(self_host: Path | None = None) -> None:
    """Build the book into `_build/html`, with the pages in which its notebooks run; only what changed is made again.

    Every warning of Sphinx is an error.

    Args:
        self_host: what `tito book pyodide` has made, for the site to serve (see `tito.play.export`).

    Raises:
        TitoError: its tools are not installed, or it could not be built.
    """
    if find_spec("jupyter_book") is None:
        raise TitoError('the book needs its tools: python -m pip install -e ".[book]" in the course\'s folder')
    # the notebooks begin to run before Sphinx is loaded; Jupyter Book has no `python -m`
    program = "import notebook_runs; notebook_runs.start(); from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", program, "build", ".", "--config", "_config.yml", "--toc", "book/_toc.yml"]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, [ROOT, ROOT / "book" / "_ext"])),
        "PYTHONUTF8": "1",
        "MPLBACKEND": "agg",
    }
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(_write_notebooks, self_host)
        run = subprocess.run([*command, "-W", "--keep-going"], cwd=ROOT, env=environment)
    if run.returncode:
        raise TitoError("the book was not built: fix the errors above and build it again")
    running.result()


def _write_notebooks(self_host: Path | None) -> None:
    """What the buttons of a module's page lead to on the site itself: the running notebook, and it as a file."""
    sources = [ROOT / "notebooks" / f"{module.stem}.py" for module in course.available()]
    digest = sha256(b"".join(path.read_bytes() for path in [*sources, *play.APPS, EDITOR_CSS])).hexdigest()
    made_from = f"{digest} {wheel_version()} {version('marimo')} {repository.address()} {self_host}\n"
    mark = HTML / "play" / "made-from.txt"
    if mark.exists() and read(mark) == made_from:
        return
    play.export(HTML / "play", self_host)
    for name, text in launch.exercises().items():
        write(HTML / "download" / name, text)
    write(mark, made_from)


def serve(port: int) -> None:
    """Show the book on this machine, until Ctrl-C."""
    with server(port) as here:
        print(f"http://127.0.0.1:{here.server_port}/ (Ctrl-C stops it)", flush=True)
        here.serve_forever()


def server(port: int) -> ThreadingHTTPServer:
    """What shows the book that was built, on this machine only; port 0 takes any free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=_built()))


class _Quiet(SimpleHTTPRequestHandler):
    def log_request(self, code="-", size="-") -> None:
        """Only what went wrong is printed."""


def _built() -> Path:
    if not (HTML / "index.html").exists():
        raise TitoError("there is no book yet: tito book build")
    return HTML


class Page(HTMLParser):
    """What a page refers to, and what others may refer to on it."""

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.links, self.loaded, self.anchors, self.without_alt = path, [], [], set(), []
        text = read(path)
        self.feed(text)
        # a running notebook can be opened at any of its definitions
        self.anchors |= {f"scrollTo={name}" for name in re.findall(r"(?:def|class) (\w+)", text)}

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag in ("img", "script", "iframe", "source", "video") and attributes.get("src"):
            self.loaded.append(attributes["src"])
        if (
            tag == "link"
            and attributes.get("rel") in ("stylesheet", "preload", "icon", "shortcut icon")
            and attributes.get("href")
        ):
            self.loaded.append(attributes["href"])
        if tag == "img" and not (attributes.get("alt") or "").strip():
            self.without_alt.append(attributes.get("src", "?"))


def check(folder: Path | None = None) -> Iterator[str]:
    """What is wrong with the book that was built: dead links and anchors, pictures without a text, requests to other hosts."""
    folder = folder or _built()
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts}
    for path, page in pages.items():
        where = path.relative_to(folder).as_posix()
        yield from (f"{where}: the picture {source} has no alternative text" for source in page.without_alt)
        yield from (f"{where}: loads {source} from another host" for source in page.loaded if urlsplit(source).netloc)
        for link in [*page.links, *page.loaded]:
            if problem := _dead(link, page, pages):
                yield f"{where}: {problem}"


def _dead(link: str, page: Page, pages: dict[Path, Page]) -> str | None:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
    if target.is_dir():
        target = target / "index.html"
    if not target.exists():
        return f"the link {link} leads nowhere"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return f"the link {link} names a place that the page does not have"
    return None
