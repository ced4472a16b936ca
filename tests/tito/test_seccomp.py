"""The filter of system calls, run here as the kernel would run it, for both machines."""

import errno
import re
import struct
from pathlib import Path

import pytest

from tito.assignments.seccomp import AARCH64, ALLOW, CLONE3, KILL_PROCESS, REFUSE, X86_64, program

REFUSED, UNKNOWN = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS


def verdict(machine: int, call: int, argument: int = 0) -> int:
    """What the filter says of a system call: the four kinds of lines that it has, as in `linux/filter.h`."""
    data = {0: call, 4: machine, 16: argument}
    lines, place, value = [struct.unpack_from("<HBBI", program(), n) for n in range(0, len(program()), 8)], 0, None
    while True:
        code, yes, no, number = lines[place]
        if code == 0x06:
            return number
        if code == 0x20:
            value, place = data[number], place + 1
        else:
            holds = {0x15: value == number, 0x35: value >= number, 0x45: bool(value & number)}[code]
            place += 1 + (yes if holds else no)


@pytest.mark.parametrize("machine", [X86_64, AARCH64])
def test_what_hides_memory_is_refused_and_all_else_is_not(machine):
    number, _, calls = machine
    refused = {*calls.values(), 428, 429, 430, 432, 447} - {calls["clone"]}
    for call in range(500):
        expected = REFUSED if call in refused else UNKNOWN if call == CLONE3 else ALLOW
        assert verdict(number, call) == expected, call


@pytest.mark.parametrize("machine", [X86_64, AARCH64])
def test_processes_and_threads_may_be_made_and_namespaces_not(machine):
    number, _, calls = machine
    assert verdict(number, calls["clone"], 0x01200011) == ALLOW, "fork"
    assert verdict(number, calls["clone"], 0x003D0F00) == ALLOW, "a thread"
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert verdict(number, calls["clone"], flag | 17) == REFUSED


def test_calls_of_another_machine_end_the_process():
    assert verdict(0x40000003, 319) == KILL_PROCESS, "32 bits"
    assert verdict(X86_64[0], 0x40000000 + 319) == UNKNOWN, "x32"


@pytest.mark.parametrize(
    ("header", "pattern", "machine"),
    [
        ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"__NR_{} (\d+)", X86_64),
        ("/usr/include/asm-generic/unistd.h", r"__NR(?:3264)?_{} (\d+)", AARCH64),
    ],
)
def test_the_numbers_are_the_kernels(header, pattern, machine):
    if not Path(header).exists():
        pytest.skip("runs only where the kernel's headers are installed")
    text = Path(header).read_text(encoding="utf-8")
    for name, number in machine[2].items():
        assert int(re.search(pattern.format(name), text)[1]) == number, name
