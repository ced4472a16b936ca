"""A web site on loopback for the tests of downloads: it serves bytes, and misbehaves on request."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tito.templates.data_files import RemoteFile

PAGE = b"<!DOCTYPE html><html><body>Please log in.</body></html>"


@dataclass
class Site:
    """What is served, how, and what was asked for."""

    address: str
    content: dict[str, bytes] = field(default_factory=dict)  # path -> the file
    manners: dict[str, list[str]] = field(
        default_factory=dict
    )  # path -> what to do at each request; the last one stays
    requests: list[tuple[str, str | None, int]] = field(default_factory=list)  # (path, Range, bytes sent)
    let_go: threading.Event = field(default_factory=threading.Event)  # ends what hangs
    both: threading.Barrier = field(default_factory=lambda: threading.Barrier(2, timeout=60))
    half_sent: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str, content: bytes = b"", *manners: str) -> str:
        """Serve a file, and return its address."""
        self.content[f"/{path}"], self.manners[f"/{path}"] = content, list(manners) or ["whole"]
        return f"{self.address}/{path}"

    def manner(self, path: str) -> str:
        manners = self.manners.get(path, ["missing"])
        return manners.pop(0) if len(manners) > 1 else manners[0]

    def sent(self, path: str) -> list[int]:
        return [count for asked, _, count in self.requests if asked == f"/{path}"]


def remote(
    content: bytes, *urls: str, name: str = "data.bin", members: tuple[str, ...] = (), unpacked: int = 0
) -> RemoteFile:
    """A file of the catalogue."""
    return RemoteFile(name, len(content), sha256(content).hexdigest(), urls, members, unpacked)


@contextmanager
def serve() -> Iterator[Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.site.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        site: Site = self.server.site
        manner, content, asked = site.manner(self.path), site.content.get(self.path, b""), self.headers["Range"]
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and manner != "no range" else 0
        body = content[start:]
        if manner == "missing":
            self.answer(404, b"no such file")
        elif manner == "page":
            self.answer(200, PAGE, {"Content-Type": "text/html; charset=utf-8"})
        elif manner == "page without a type":
            self.answer(200, PAGE, {"Content-Length": None})
        elif manner == "hangs":
            site.let_go.wait(60)
        elif asked and start >= len(content):
            self.answer(416, b"")
        elif manner == "without a length":
            self.answer(200, content, {"Content-Length": None})
        elif manner == "another part":
            self.answer(206, content[1:], {"Content-Range": f"bytes 1-{len(content) - 1}/{len(content)}"})
        elif manner == "packs on the way" and "gzip" in self.headers["Accept-Encoding"]:
            self.answer(200, gzip.compress(content), {"Content-Encoding": "gzip"})
        elif manner == "packed":  # a server that calls a .gz "packed on the way"
            self.answer(200, content, {"Content-Encoding": "gzip"})
        else:
            status = 206 if start else 200
            headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
            first = body[: len(body) // 2] if manner in ("cut", "half, then hangs", "both at once") else body
            self.answer(status, first, headers | {"Content-Length": str(len(body))})
            if manner == "half, then hangs":
                site.half_sent.set()
                site.let_go.wait(60)
            elif manner == "both at once":
                site.both.wait()
                self.wfile.write(body[len(first) :])

    def answer(self, status: int, body: bytes, headers: dict[str, str | None] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.server.site.requests.append((self.path, self.headers["Range"], len(body)))
        self.wfile.write(body)
        self.wfile.flush()
