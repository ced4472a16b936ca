"""Start Python without the wait: fork it from a process that has done the imports already.

Most of what a short command takes is the start of Python and the imports of typer, pytest and NumPy. On Linux `run` asks a
server, started once per test process, to fork a child, which then does what `python -m MODULE ...` or
`python -c PROGRAM ...` would do, with its own folder, environment and standard streams. Inside such a child `subprocess.run`
does the same. Children share nothing but imports: a test about start-up, or about what gets imported, calls
`subprocess.run` itself. `TINYTORCH_THOROUGH=1` starts every process from nothing.
"""

import atexit
import contextlib
import gc
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
from pathlib import Path

from tests.thorough import THOROUGH

# Kind of command -> what its server has imported. Only the first is started at once, the others when they are needed.
IMPORTS = {
    "plain": "tito.cli tito.testing numpy pytest _pytest.assertion.rewrite _pytest.junitxml _pytest.doctest",
    "marimo": "tito.cli tito.opened tito.lesson marimo._cli.cli marimo._lint",
}
OPTIONS = {"cwd", "env", "stdin", "stdout", "stderr", "capture_output", "encoding", "errors", "timeout", "check"}
AVAILABLE = sys.platform == "linux" and not THOROUGH

ROOT = Path(__file__).resolve().parent.parent
SERVER = """
import sys
sys.path.insert(0, sys.argv[1])
from tests import warm
from pathlib import Path
warm.folder = Path(sys.argv[2])
del sys.path[0]
warm.become(warm.serve("plain"))
"""

run_cold = subprocess.run
folder: Path | None = None  # where the servers' sockets are


def run(command: list, **options) -> subprocess.CompletedProcess:
    """Like `subprocess.run`, which also runs what is not a plain start of this Python."""
    given = command
    if isinstance(command, list) and command[1:3] == ["-X", "utf8"]:  # as every server is
        command = [command[0], *command[3:]]
    if not AVAILABLE or not _is_plain(command, options):
        return run_cold(given, **options)
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(_stream(options, name)) for name in ("stdin", "stdout", "stderr")]
        request = {"command": [str(part) for part in command[1:]], "cwd": str(options.get("cwd") or Path.cwd())}
        request["env"] = dict(os.environ if options.get("env") is None else options["env"])
        code = _ask(_kind(request["command"]), request, files, options.get("timeout"))
        texts = [_text(file, options) for file in files[1:]]
    if code is None:
        raise subprocess.TimeoutExpired(command, options["timeout"], *texts)
    done = subprocess.CompletedProcess(command, code, *texts)
    if options.get("check"):
        done.check_returncode()
    return done


def _is_plain(command, options: dict) -> bool:
    """Whether a child of the server would be no different: PYTHON... variables are read when Python starts."""
    environment = options.get("env") or os.environ
    at_start = {name for name in environment if name.startswith("PYTHON")}
    changed = {name for name in at_start if environment[name] != os.environ.get(name)} - {"PYTHONPATH"}
    utf8 = "PYTHONUTF8" not in changed or environment["PYTHONUTF8"] == "1"
    return (
        isinstance(command, list)
        and command[0] == sys.executable
        and command[1] in ("-m", "-c")
        and command[1:4] != ["-m", "tito", "nbgrader"]  # grading starts processes of its own, and limits them
        and options.keys() <= OPTIONS
        and subprocess.STDOUT not in options.values()
        and changed <= {"PYTHONUTF8"}
        and utf8
    )


def _kind(command: list[str]) -> str:
    return "marimo" if command[:2] in (["-m", "marimo"], ["-m", "tito.opened"]) else "plain"


def _stream(options: dict, name: str):
    """The file that a child gets as a standard stream."""
    given = options.get(name)
    if name != "stdin" and (options.get("capture_output") or given == subprocess.PIPE):
        return tempfile.TemporaryFile()
    if given == subprocess.DEVNULL:
        return Path(os.devnull).open("r+b", buffering=0)
    number = {"stdin": 0, "stdout": 1, "stderr": 2}[name] if given is None else given.fileno()
    return os.fdopen(os.dup(number), "rb" if name == "stdin" else "ab", buffering=0)


def _text(file, options: dict) -> str | bytes | None:
    if "+" not in file.mode or file.name == os.devnull:
        return None
    file.seek(0)
    data = file.read()
    if not options.get("encoding"):
        return data
    return data.decode(options["encoding"], options.get("errors") or "strict").replace("\r\n", "\n")


def _ask(kind: str, request: dict, files: list, timeout: float | None) -> int | None:
    """A child's exit code; None if it took too long and was killed."""
    with _connected(kind) as connection:
        socket.send_fds(connection, [b"!"], [file.fileno() for file in files])
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as answers:
            pid = int(answers.readline())
            connection.settimeout(timeout)
            try:
                return int(answers.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                return None


def _connected(kind: str) -> socket.socket:
    global folder
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="warm_"))
        environment = {
            name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTEST_ADDOPTS")
        }
        # one thread for NumPy: a process that is forked cannot have more
        environment |= {"PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-c", SERVER, str(ROOT), str(folder)]
        server = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.PIPE)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        atexit.register(server.stdin.close)  # then it ends; as it does if this process is killed
        _wait_for(folder / "plain")
    if not (folder / kind).exists():
        with _connected("plain") as connection:
            connection.sendall(b"!" + json.dumps({"serve": kind}).encode() + b"\n")
            connection.recv(1)
        _wait_for(folder / kind)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(folder / kind))
    return connection


def _wait_for(path: Path, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        if time.monotonic() > until:
            raise TimeoutError(f"no server at {path}")
        time.sleep(0.01)


# In the server


def serve(kind: str) -> dict:
    """Answer requests until the test process ends. Returns in children only, with what to run."""
    for name in IMPORTS[kind].split():
        with contextlib.suppress(ImportError):
            __import__(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    kinds = {"plain"}
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / f"{kind}.new"))
        listening.listen(64)
        (folder / f"{kind}.new").rename(folder / kind)
        while listening in select.select([listening, sys.stdin], [], [])[0]:  # else standard input has ended
            connection, _ = listening.accept()
            with connection:
                _, files, *_ = socket.recv_fds(connection, 1, 3)
                with connection.makefile("rb") as lines:
                    request = json.loads(lines.readline())
                new_kind = request.get("serve")
                if new_kind not in kinds and os.fork() == 0:
                    listening.close()
                    if not new_kind:
                        return _watched(connection, request, files)
                    connection.close()
                    return serve(new_kind)
            kinds |= {new_kind} - {None}
            for file in files:
                os.close(file)
    os._exit(0)


def _watched(connection: socket.socket, request: dict, files: list[int]) -> dict:
    """Fork the child and wait for it, so that the server need not. Returns in the child."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        return request
    for number in (0, *files):
        os.close(number)
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(f"{pid}\n".encode())
        connection.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())
    os._exit(0)


def become(request: dict) -> None:
    """Do what Python would do with these arguments."""
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    option, what, *arguments = request["command"]
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:1] = [str(Path.cwd()) if option == "-m" else "", *paths]
    sys.argv = [option, *arguments]
    subprocess.run, tempfile.tempdir = run, None
    try:
        if option == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            sys.modules["__main__"] = main = types.ModuleType("__main__")
            exec(compile(what, "<string>", "exec"), vars(main))
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        _exit(end.code or 0)
    _exit(0)


def _exit(code: int) -> None:
    """End as Python does, but without taking apart what was imported."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)
