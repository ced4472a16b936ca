"""The walls around students' code: each holds, a missing one is found, and whatever hits them hurts nobody else."""

import os
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tito import course, system
from tito.assignments import sandbox
from tito.assignments.run import GIVEN, TRUSTED, Code, reference_before, run
from tito.course import ROOT
from tito.errors import TitoError

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(not sandbox.is_there(), reason="runs only where bubblewrap is installed"),
]
MODULE = course.find("02")


def attacked(body: str, tmp_path: Path, seconds: float = 2) -> list:
    """What became of a test that calls `f`, which is a student's, and of the harmless test after it."""
    function = "def f():\n    " + body.replace("\n", "\n    ")
    secret = tmp_path / "gradebook.db"
    secret.write_text("grades", encoding="utf-8")
    function = function.replace("GRADEBOOK", repr(str(secret))).replace("COURSE", repr(str(ROOT)))
    cells = [Code("setup", "import os, sys, time\nimport numpy as np", GIVEN), Code("f", function)]
    cells += [Code("test_f", "assert f() == 'escaped'", TRUSTED), Code("test_g", "assert 1 + 1 == 2", TRUSTED)]
    with reference_before(MODULE) as package_in:
        outcomes = run(cells, package_in, cell_seconds=seconds, total_seconds=60, walls=True)
    assert outcomes[1].error is None and outcomes[3].error is None, "the next test must not suffer"
    assert secret.read_text(encoding="utf-8") == "grades"
    return outcomes[2]


STOPPED, ENDED, BROKE = "it ran longer than 2 s", "ended the program", "broke the program"
FDS = "for fd in range(3, 64):\n    try: os.write(fd, {})\n    except OSError: pass\n"
ATTACKS = {
    "fork bomb": ("while True:\n    try: os.fork()\n    except OSError: pass", STOPPED),
    "8 GB": ("return np.ones(2**30).sum()", "MemoryError"),
    "many processes, 1 GB each": ("while True:\n    try:\n        if os.fork() == 0: x = np.ones(2**27)\n    except (OSError, MemoryError): pass", ""),
    "1 GB of output": ("for _ in range(1024): os.write(1, b'x' * 2**20); print('x' * 2**20)", "AssertionError"),
    "1 GB to every file": (FDS.format("b'x' * 2**30"), ""),
    "answers of its own": (FDS.format("b'{}\\n' * 10000") + "time.sleep(1)", BROKE),
    "deep JSON": (FDS.format("b'[' * 500_000 + b'\\n'"), BROKE),
    "the answer of another test": (FDS.format("""b'{"error": null, "printed": 7}\\n'""") + "time.sleep(1)", BROKE),
    "a file in memory": ("os.memfd_create('x')", "PermissionError"),
    "shared memory": ("import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nif libc.shmget(0, 1 << 20, 0o1600) < 0: raise OSError(ctypes.get_errno(), 'refused')", "PermissionError"),
    "a namespace of its own": ("import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nif libc.unshare(0x10000000) < 0: raise OSError(ctypes.get_errno(), 'refused')", "PermissionError"),
    "a clone in a namespace": ("import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nif libc.syscall(56 if os.uname().machine == 'x86_64' else 220, 0x10000011, 0, 0, 0, 0) < 0: raise OSError(ctypes.get_errno(), 'refused')", "PermissionError"),
    "fills its folder": ("for n in range(40):\n    open(f'/tmp/{n}', 'wb').write(bytes(8 << 20))", "No space left"),
    "one large file": ("open('/tmp/x', 'wb').write(bytes(50 << 20))", ""),
    "network": ("import socket\nsocket.create_connection(('127.0.0.1', 22), 1)", "Error"),
    "network abroad": ("import socket\nsocket.create_connection(('192.0.2.1', 80), 1)", "Error"),
    "reads the gradebook": ("return open(GRADEBOOK).read()", "FileNotFoundError"),
    "reads the reference": ("return open(COURSE + '/tinytorch/activations.py').read()", "FileNotFoundError"),
    "reads the hidden tests": ("return open(COURSE + '/notebooks/02_activations.py').read()", "FileNotFoundError"),
    "imports the reference": ("from tinytorch.activations import relu", "ImportError"),
    "climbs": ("open('../../x', 'w')", "Read-only file system"),
    "the environment": ("if not set(os.environ) & {'PATH', 'USER', 'TITO_CGROUPS'}: return 1", "AssertionError"),
    "a process that stays": ("if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(3333)\n    os._exit(0)", "AssertionError"),
    "kills its neighbours": ("os.kill(-1, 9)", ""),
    "sleeps": ("time.sleep(3600)", STOPPED),
    "sleeps in C": ("import ctypes\nctypes.CDLL(None).sleep(3600)", STOPPED),
    "does not give up": ("while True:\n    try:\n        while True: pass\n    except BaseException: pass", STOPPED),
    "ends the program": ("os._exit(0)", ENDED),
    "crashes": ("import ctypes\nctypes.string_at(0)", ENDED),
    "raises SystemExit": ("raise SystemExit(0)", "SystemExit"),
    "raises KeyboardInterrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "a message without end": ("raise ValueError('x' * 10**8)", "ValueError"),
    "a message that raises": ("raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()", "cannot be shown"),
    "recursion": ("return f()", "RecursionError"),
}  # fmt: skip


def running() -> set[str]:
    """The processes on this machine that run students' code."""
    found = set()
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            try:
                command = Path("/proc", name, "cmdline").read_bytes()
            except OSError:
                continue
            found |= {name} if b"worker.py" in command or b"tito.assignments.judge" in command else set()
    return found


def groups() -> list[Path]:
    """The control groups of this process' workers."""
    name = f"tito-{os.getpid()}-*"
    return [*sandbox.CGROUPS.glob(name), *sandbox.CGROUPS.glob(f"*/{name}")]


def nothing_stays(before: set[str]) -> bool:
    """Whether all that has begun since then is gone; the kernel may need a moment."""
    until = time.monotonic() + 5
    while not (running() <= before and groups() == []) and time.monotonic() < until:
        time.sleep(0.05)
    return running() <= before and groups() == []


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_at_the_walls(name, tmp_path):
    body, said = ATTACKS[name]
    before = running()
    # what ends by itself gets the time for it, also on a busy machine
    outcome = attacked(body, tmp_path, seconds=2 if said in (STOPPED, "") else 20)
    assert outcome.error is not None and said in ": ".join(outcome.error), outcome.error
    assert len(outcome.error[1]) < 30_000 and len(outcome.printed) < 40_000
    assert nothing_stays(before)


def test_all_walls_hold():
    assert sandbox.weak_walls() == []


def without(*words: str):
    """bubblewrap's command line without an option and its values."""
    complete = sandbox._bwrap

    def weaker(*arguments):
        line = complete(*arguments)
        for start in range(len(line) - len(words) + 1):
            if tuple(line[start : start + len(words)]) == words:
                return line[:start] + line[start + len(words) :]
        raise AssertionError(f"{words} is not there")

    return weaker


@pytest.mark.parametrize(
    ("words", "wall"),
    [
        (("--unshare-net",), "the network can be reached"),
        (("--remount-ro", "/"), "it can write outside of its folder"),
        (("--ro-bind", "/proc/sys", "/proc/sys"), "it can write outside of its folder"),
    ],
)
def test_a_wall_that_is_missing_is_found(words, wall, monkeypatch):
    if not sandbox._is_root() and words[0] in ("--unshare-net", "--ro-bind"):
        pytest.skip("only where root builds the walls one by one")
    monkeypatch.setattr(sandbox, "_bwrap", without(*words))
    if words[0] in ("--remount-ro", "--ro-bind"):  # another user could not write there either
        monkeypatch.setattr(sandbox, "_as_user", lambda user: [])
    assert wall in sandbox.weak_walls()
    with pytest.raises(TitoError, match="does not hold on this machine"):
        sandbox.require(unsafe_ok=False)


def test_an_environment_inside_is_found(monkeypatch):
    complete = sandbox._bwrap
    monkeypatch.setattr(sandbox, "_bwrap", lambda *arguments: [*complete(*arguments), "--setenv", "SECRET", "token"])
    assert sandbox.weak_walls() == ["it sees the environment"]
    assert sandbox.require(unsafe_ok=True) is False, "accepted: then without a sandbox"


@pytest.mark.skipif(not sandbox._is_root(), reason="only where root builds the walls one by one")
def test_a_root_inside_is_found(monkeypatch):
    monkeypatch.setattr(sandbox, "_as_user", lambda user: [])
    assert "it runs as root" in sandbox.weak_walls()


def test_limits_that_are_not_set_are_found(monkeypatch):
    monkeypatch.setattr(sandbox.Limits, "arguments", lambda self: [str(2**40)] * 3 + ["0"])
    monkeypatch.setattr(sandbox, "_cgroups", no_cgroups)
    found = sandbox.weak_walls()
    assert "it can start processes without end" in found and "a file can be of any size" in found


def no_cgroups(name, limits):
    from contextlib import nullcontext

    return nullcontext([])


SYSTEMD_RUN = """\
#!/bin/sh
echo "$@" >> {log}
while [ "$1" != /bin/sh ] && [ "$1" != "{python}" ]; do shift; done
exec "$@"
"""


def test_without_control_groups_a_scope_holds_the_submission(monkeypatch, tmp_path):
    """A stand-in for systemd-run, which runs what it is given: with the limits, and with nothing of the environment inside."""
    log, fake = tmp_path / "log", tmp_path / "bin" / "systemd-run"
    fake.parent.mkdir()
    fake.write_text(SYSTEMD_RUN.format(log=log, python=sys.executable), encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(sandbox, "_cgroups", no_cgroups)
    monkeypatch.setattr(sandbox, "_has_scopes", lambda: True)
    assert sandbox.weak_walls() == [] and sandbox.memory_held_by() == sandbox.BY_SCOPE
    assert (
        "--user --scope --quiet --collect -p MemoryMax=2147483648 -p MemorySwapMax=0 -p TasksMax=24" in log.read_text()
    )
    monkeypatch.undo()
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(sandbox, "_is_root", lambda: False)
    sandbox._has_scopes.cache_clear()
    try:
        assert not sandbox._has_scopes(), "this one holds nothing, and that is noticed"
    finally:
        sandbox._has_scopes.cache_clear()


def test_what_does_not_hold_memory_as_a_whole_is_said(monkeypatch):
    monkeypatch.setattr(sandbox, "_cgroups", no_cgroups)
    monkeypatch.setattr(sandbox, "_has_scopes", lambda: False)
    monkeypatch.setattr(system, "_version", lambda name: "0.9.6")
    assert "limits the memory of each process, not of a submission" in system._grading()[0].state


def test_without_the_filter_memory_files_are_found(monkeypatch):
    monkeypatch.setattr(sandbox, "_bwrap", without("--seccomp", str(sandbox.FILTER)))
    assert sandbox.UNCOUNTED in sandbox.weak_walls()


def test_without_bubblewrap_nothing_runs_unless_it_is_accepted(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(TitoError, match="bubblewrap is not installed.*--unsafe-ok"):
        sandbox.require(unsafe_ok=False)
    assert sandbox.require(unsafe_ok=True) is False


def test_many_workers_leave_nothing_behind():
    before, folders = running(), len(list(Path(tempfile.gettempdir()).glob("tito_*")))
    with reference_before(MODULE) as package_in:
        for _ in range(20):
            run([Code("a", "x = 1")], package_in, walls=True)
    assert nothing_stays(before)
    assert len(list(Path(tempfile.gettempdir()).glob("tito_*"))) <= folders


@pytest.mark.skipif(not sandbox._is_root(), reason="only where root builds the walls one by one")
def test_what_a_killed_grader_left_behind_is_removed():
    with reference_before(MODULE) as package_in, sandbox._cgroups("tito-4194305-0", sandbox.Limits()) as files:
        assert all(file.parent.exists() for file in files)
        sandbox.remove_leftovers()
        assert not any(file.parent.exists() for file in files), package_in
