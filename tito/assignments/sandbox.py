"""Walls around a student's code: bubblewrap, a user of its own, and the kernel's limits.

Inside there are Python, the packages and one folder of the course. There are no network, no environment, no other process, no
gradebook or other students' work, and the only place to write is a small folder in memory that ends with the worker.
"""

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import sleep

from tito.assignments import seccomp
from tito.errors import TitoError

PROBE = Path(__file__).with_name("probe.py")
HERE = Path(__file__).parent.parent  # tito itself, which some tests use; no notebook and no reference lies in it
MB = 1 << 20
UNCOUNTED = "memory can be held where no limit counts it"  # a wall of the filter's
COUNT = itertools.count()
CGROUPS = Path("/sys/fs/cgroup")
# enters the control groups before it becomes bubblewrap, so that nothing is ever outside of them; opens the filter for it
ENTER = (
    'for file in $TITO_CGROUPS; do echo $$ > "$file" || exit 99; done; [ -z "$TITO_FILTER" ] || exec 9< "$TITO_FILTER";'
    ' exec env -i "$@"'
)
FILTER = 9  # the filter's file, where bubblewrap finds it
USER_MANAGER = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")  # how systemd-run finds it
# what holds the memory of a submission
BY_CGROUPS, BY_SCOPE, BY_PROCESS = "control groups", "a systemd scope of your user", "limits of each process"


@dataclass(frozen=True)
class Limits:
    """What one worker may use."""

    seconds: int = 130  # of processor time
    memory: int = 2048 * MB  # of the worker as a whole where there are control groups, else of each process
    processes: int = 16
    file: int = 32 * MB
    scratch: int = 64 * MB

    def arguments(self) -> list[str]:
        """As `worker.py` takes them; no other process can set them once it runs."""
        return [str(number) for number in (self.seconds, self.memory, self.file, self.processes)]


def is_there() -> bool:
    """Whether this machine can build the walls."""
    tools = ["bwrap", "setpriv"] if _is_root() else ["bwrap"]
    return sys.platform == "linux" and all(map(shutil.which, tools))


def require(unsafe_ok: bool) -> bool:
    """Whether students' code will run behind walls.

    Args:
        unsafe_ok: that it runs without them is accepted, where they cannot be built.

    Raises:
        TitoError: they cannot be built, and that was not accepted; or one of them does not hold.
    """
    remove_leftovers()
    missing = weak_walls() if is_there() else None
    if missing == []:
        return True
    if unsafe_ok:
        return False
    if missing is None:
        raise TitoError(
            "bubblewrap is not installed, and without it a student's code can read and change your files: `apt install bubblewrap`"
            " on Linux, or --unsafe-ok where there is nothing to lose"
        )
    raise TitoError(
        f"the sandbox does not hold on this machine ({'; '.join(missing)}), so nothing was run; --unsafe-ok runs it without one,"
        " where there is nothing to lose"
    )


@contextmanager
def command(
    program: list[Path | str], package_in: Path | None, limits: Limits
) -> Iterator[tuple[list[str], dict[str, str]]]:
    """The command line, and the environment, that run a Python program behind the walls.

    Args:
        program: what Python runs: files, which can be read inside, and arguments.
        package_in: the folder with the `tinytorch` that is imported there.
    """
    number = next(COUNT)
    readable = [HERE, *(part for part in [*program, package_in] if isinstance(part, Path))]
    user = 200_000 + (os.getpid() * 64 + number % 64) % 1_000_000  # the kernel counts processes by user
    with _cgroups(f"tito-{os.getpid()}-{number}", limits) as files, _filter() as path:
        line = [*([] if files else _scope(limits)), "/bin/sh", "-c", ENTER, "sh"]
        line += [*_bwrap(readable, package_in, limits), *_as_user(user)]
        line += [sys.executable, "-X", "utf8", "-s", "-P", *map(str, program)]
        bus = {name: os.environ[name] for name in USER_MANAGER if line[0] != "/bin/sh" and name in os.environ}
        yield line, bus | {"TITO_CGROUPS": " ".join(map(str, files)), "TITO_FILTER": path}


@contextmanager
def _filter() -> Iterator[str]:
    """A file with the filter of system calls; "" on a machine that has none."""
    if not seccomp.is_known_machine():
        yield ""
        return
    with tempfile.NamedTemporaryFile(prefix="tito_") as file:
        file.write(seccomp.program())
        file.flush()
        yield file.name


def _scope(limits: Limits) -> list[str]:
    """What runs a program in a scope of the user's own, which holds it as a whole; nothing where that cannot be had."""
    return _systemd_run(limits.memory, limits.processes + 8) if _has_scopes() else []


def _systemd_run(memory: int, processes: int) -> list[str]:
    properties = {"MemoryMax": memory, "MemorySwapMax": 0, "TasksMax": processes}
    settings = [part for name, value in properties.items() for part in ("-p", f"{name}={value}")]
    return [str(shutil.which("systemd-run")), "--user", "--scope", "--quiet", "--collect", *settings]


@cache
def _has_scopes() -> bool:
    """Whether a scope ends a program that takes more memory than it may."""
    if _is_root() or shutil.which("systemd-run") is None:
        return False
    takes = [sys.executable, "-c", f"bytearray({128 * MB}); print('went on')"]
    ran, stopped = (
        subprocess.run([*_systemd_run(memory * MB, 8), *takes], capture_output=True, encoding="utf-8", errors="replace")
        for memory in (512, 64)
    )
    return "went on" in ran.stdout and "went on" not in stopped.stdout


def memory_held_by() -> str:
    """What holds the memory of a submission on this machine: BY_CGROUPS, BY_SCOPE, or only BY_PROCESS."""
    with _cgroups(f"tito-{os.getpid()}-{next(COUNT)}", Limits()) as files:
        return BY_CGROUPS if files else BY_SCOPE if _has_scopes() else BY_PROCESS


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _bwrap(readable: list[Path], package_in: Path | None, limits: Limits) -> list[str]:
    line = [str(shutil.which("bwrap"))]
    # root in a user namespace would still be root for the kernel: no such namespace, and another user below
    if _is_root():
        line += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    else:
        line += ["--unshare-all", "--cap-drop", "ALL", "--uid", "65534", "--gid", "65534"]
    line += ["--seccomp", str(FILTER)] if seccomp.is_known_machine() else []
    line += ["--die-with-parent", "--new-session", "--clearenv", "--ro-bind", "/usr", "/usr"]
    for folder in ("/lib", "/lib64", "/bin", "/etc/ld.so.cache"):
        line += ["--ro-bind-try", folder, folder]
    line += ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev"]
    line += ["--perms", "1777", "--size", str(limits.scratch), "--tmpfs", "/tmp"]
    python = {Path(sys.prefix), Path(sys.prefix).resolve(), Path(sys.base_prefix), Path(sys.base_prefix).resolve()}
    seen = {Path("/usr"), Path("/tmp"), Path("/")}
    for path in sorted({*python, *readable}):
        if any(path.is_relative_to(other) for other in seen - {Path("/"), Path("/tmp")}):
            continue
        for parent in reversed(path.parents):  # bubblewrap would give them the rights of a private home
            line += [] if parent in seen else ["--perms", "0755", "--dir", str(parent)]
            seen |= {parent} if parent in (Path("/"), Path("/tmp")) else set()
        line += ["--ro-bind", str(path), str(path)]
        seen.add(path)
    line += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    for name, value in {
        "HOME": "/tmp",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "agg",
    }.items():
        line += ["--setenv", name, value]
    return [*line, "--setenv", "PYTHONPATH", str(package_in)] if package_in else line


def _as_user(user: int) -> list[str]:
    if not _is_root():
        return []
    drop = ["--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    return [str(shutil.which("setpriv")), "--reuid", str(user), "--regid", str(user), *drop]


@contextmanager
def _cgroups(name: str, limits: Limits) -> Iterator[list[Path]]:
    """Control groups that hold a worker as a whole; where this user may not make any, none."""
    if (CGROUPS / "cgroup.controllers").exists():  # version 2
        wanted = {CGROUPS / name: {"memory.max": limits.memory, "pids.max": limits.processes + 8, "memory.swap.max": 0}}
    else:
        wanted = {
            CGROUPS / "memory" / name: {"memory.limit_in_bytes": limits.memory},
            CGROUPS / "pids" / name: {"pids.max": limits.processes + 8},
        }
    mounts = []
    try:
        try:
            for folder, settings in wanted.items():
                folder.mkdir()
                mounts.append(folder)
                for file, value in settings.items():
                    if (folder / file).exists():
                        (folder / file).write_text(str(value), encoding="utf-8")
            usable = all((folder / file).exists() for folder, settings in wanted.items() for file in list(settings)[:1])
        except OSError:
            usable = False
        yield [folder / "cgroup.procs" for folder in mounts] if usable else []
    finally:
        for folder in mounts:
            _remove(folder)


def remove_leftovers() -> None:
    """Remove the control groups of graders that were killed."""
    for folder in [*CGROUPS.glob("tito-*"), *CGROUPS.glob("*/tito-*")]:
        if not Path("/proc", folder.name.split("-")[1]).exists():
            with suppress(OSError):  # another user's, or something still runs in it
                folder.rmdir()


def _remove(folder: Path) -> None:
    """A control group can be removed once the last of its processes is gone, which takes the kernel a moment."""
    for _ in range(200):
        try:
            folder.rmdir()
            return
        except OSError:
            sleep(0.01)


def weak_walls() -> list[str]:
    """Which walls are missing: a program tries them all, from inside."""
    with tempfile.TemporaryDirectory(prefix="tito_") as outside, socket.create_server(("127.0.0.1", 0)) as server:
        secret = Path(outside) / "secret"
        secret.write_text("not for students", encoding="utf-8")
        address = str(server.getsockname()[1])
        limits = Limits(seconds=20)
        program = [PROBE, str(secret), address, *limits.arguments()]
        with command(program, None, limits) as (line, environment):
            run = subprocess.run(line, env=environment, capture_output=True, encoding="utf-8", timeout=60, cwd="/")
    try:
        report = json.loads(run.stdout)
    except ValueError:
        return [(run.stderr.strip().split("\n") or [""])[-1] or "the probe did not end"]
    known = [str(name) for name, holds in report.items() if not holds]
    return known if seccomp.is_known_machine() else [name for name in known if name != UNCOUNTED]
