"""Runs inside the sandbox and tries its walls. Prints one JSON object: each wall, and whether it held."""

import json
import os
import socket
import sys
from pathlib import Path


def refused(action):
    """Whether something cannot be done."""
    try:
        action()
    except (OSError, MemoryError):
        return True
    return False


def can_write(path):
    with Path(path).open("ab"):
        pass


def fork_many(most):
    """Whether the kernel ends it before there are too many."""
    children = []
    try:
        for _ in range(most):
            child = os.fork()
            if child == 0:
                signal_wait()
            children.append(child)
    except OSError:
        return True
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)
    return False


def signal_wait():
    import signal

    signal.pause()
    os._exit(0)


def main():
    secret, port = sys.argv[1], int(sys.argv[2])
    sys.path.insert(0, str(Path(__file__).parent))
    from worker import limit

    limit(*map(int, sys.argv[3:7]))
    places = ["/x", "/usr/x", "/dev/x", "/dev/shm/x", "/etc/x", "/proc/sys/kernel/core_pattern", __file__]
    print(
        json.dumps(
            {
                "it runs as root": os.getuid() != 0,
                "the network can be reached": refused(lambda: socket.create_connection(("127.0.0.1", port), 1)),
                "other files can be read": refused(lambda: Path(secret).read_bytes()),
                "it can write outside of its folder": all(
                    refused(lambda place=place: can_write(place)) for place in places
                ),
                "it sees the environment": set(os.environ) <= ALLOWED,
                "it sees other processes": len([name for name in os.listdir("/proc") if name.isdigit()]) < 6,  # noqa: PTH208
                "it can start processes without end": fork_many(200),
                "memory can be held where no limit counts it": refused(lambda: os.memfd_create("x")),
                "a file can be of any size": refused(lambda: Path("/tmp/large").write_bytes(bytes(40 << 20))),
            }
        )
    )


ALLOWED = {"HOME", "OPENBLAS_NUM_THREADS", "PYTHONDONTWRITEBYTECODE", "MPLBACKEND", "PYTHONPATH", "PWD", "LC_CTYPE"}


if __name__ == "__main__":
    main()
