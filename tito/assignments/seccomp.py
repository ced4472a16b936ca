"""A filter of system calls for bubblewrap, as BPF: what would hold memory that no limit of a process counts.

Memory files (`memfd_create`) and System V's shared memory need not be mapped to be full, and in a user namespace of its own a
process may mount a file system in memory. See seccomp(2), and `linux/seccomp.h` and `linux/audit.h` for the numbers.
"""

import errno
import platform
import struct

# machine -> (its number in audit.h, the lowest system call that is not its own, system call -> number)
X86_64 = (
    0xC000003E,
    0x40000000,  # x32 counts from here
    {
        "shmget": 29,
        "clone": 56,
        "semget": 64,
        "msgget": 68,
        "mount": 165,
        "mq_open": 240,
        "add_key": 248,
        "unshare": 272,
        "setns": 308,
        "memfd_create": 319,
    },
)
AARCH64 = (
    0xC00000B7,
    0xFFFFFFFF,
    {
        "mount": 40,
        "unshare": 97,
        "mq_open": 180,
        "msgget": 186,
        "semget": 190,
        "shmget": 194,
        "add_key": 217,
        "clone": 220,
        "setns": 268,
        "memfd_create": 279,
    },
)
MACHINES = {"x86_64": X86_64, "aarch64": AARCH64}
# the same on all machines: open_tree, move_mount, fsopen, fsmount, memfd_secret
REFUSED_EVERYWHERE = (428, 429, 430, 432, 447)
CLONE3 = 435  # its flags are in memory, where a filter cannot look; without it libc calls clone
NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
# from linux/bpf_common.h
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
CALL, MACHINE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; both machines have the lower half first
ALLOW, KILL_PROCESS, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000


def is_known_machine() -> bool:
    return platform.machine() in MACHINES


def program() -> bytes:
    """The filter for every machine that is known; on another one it ends the process."""
    lines = [(LOAD, 0, 0, MACHINE)]
    for number, foreign, calls in MACHINES.values():
        block = _block(foreign, calls)
        lines += [(EQUAL, 0, len(block), number), *block]
    lines.append((RETURN, 0, 0, KILL_PROCESS))
    return b"".join(struct.pack("<HBBI", *line) for line in lines)


def _block(foreign: int, calls: dict[str, int]) -> list[tuple[int, int, int, int]]:
    """For one machine. Each line: what, how many lines to skip if so, and if not, a number."""
    refused = [number for name, number in calls.items() if name != "clone"] + [*REFUSED_EVERYWHERE]
    lines = [(LOAD, 0, 0, CALL), *_returns(AT_LEAST, foreign, errno.ENOSYS), *_returns(EQUAL, CLONE3, errno.ENOSYS)]
    for number in refused:
        lines += _returns(EQUAL, number, errno.EPERM)
    lines += [(EQUAL, 1, 0, calls["clone"]), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, FIRST_ARGUMENT)]
    return [*lines, *_returns(ANY_BIT, NEW_NAMESPACES, errno.EPERM), (RETURN, 0, 0, ALLOW)]


def _returns(test: int, number: int, error: int) -> list[tuple[int, int, int, int]]:
    return [(test, 0, 1, number), (RETURN, 0, 0, REFUSE | error)]
