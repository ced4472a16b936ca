"""NBGrader's formgrader, in a server that has nothing else: no terminals, no files, no kernels."""

import asyncio
import html
import logging
import os
import secrets
import threading
import webbrowser
from pathlib import Path

from tito.assignments.classroom import Classroom
from tito.errors import TitoError

OPENER = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={}"><a href="{}">formgrader</a>\n'
)


def formgrade(classroom: Classroom, port: int, browser: bool) -> int:
    """Serve the formgrader of a class until Ctrl-C, and return the exit code.

    Raises:
        TitoError: the port is taken.
    """
    from tornado.httpserver import HTTPServer
    from tornado.netutil import bind_sockets

    from tito.assignments.formgrade_server import application

    token = secrets.token_urlsafe(16)  # others on this machine must not read the grades
    try:
        sockets = bind_sockets(port, "localhost")
    except OSError as error:
        raise TitoError(
            f"port {port} cannot be used ({error.strerror}). Choose another one: "
            f"tito nbgrader formgrade --port {port + 1}"
        ) from None
    port = sockets[0].getsockname()[1]
    opener = classroom.state / "formgrade.html"
    address = f"http://localhost:{port}/formgrader?token={token}"
    os.chdir(classroom.root)  # where NBGrader looks for its settings
    log_to(classroom.state / "formgrade.log")
    app = application(classroom, token)

    async def serve() -> None:
        HTTPServer(app).add_sockets(sockets)
        write_private(opener, OPENER.format(*[html.escape(address)] * 2))
        print(f"The formgrader: {address}  (Ctrl-C ends it)", flush=True)
        if browser:  # by a file: every user of this machine can read a command line
            threading.Thread(target=webbrowser.open, args=[opener.as_uri()], daemon=True).start()
        await asyncio.Event().wait()

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        pass
    finally:
        opener.unlink(missing_ok=True)
    return 0


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, from its first moment on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def log_to(path: Path) -> None:
    """Send what NBGrader and its server have to say to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    for name in ("tornado", "traitlets"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(logging.WARNING)
