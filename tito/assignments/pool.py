"""Several processes that work on a class, one student at a time each."""

import multiprocessing
import queue
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def at_once(
    do: Callable[[str], T],
    students: list[str],
    jobs: int,
    lost: Callable[[str], T],
    seconds: float | None = None,
) -> Iterator[Iterator[T]]:
    """Do something for several students at a time, in as many processes; the results come in the order of `students`.

    Args:
        do: what is done; it raises nothing.
        lost: the result for a student at whom a process was killed, or took too long.
        seconds: how long one student may take.
    """
    if jobs == 1 and seconds is None:
        yield map(do, students)
        return
    processes = [_Process(do) for _ in range(min(jobs, len(students)))]  # before there are threads: these may be forked
    idle: queue.Queue = queue.Queue()
    for process in processes:
        idle.put(process)

    def by_the_next_idle(student: str) -> T:
        process = idle.get()
        try:
            return process.ask(student, seconds)
        except (EOFError, OSError):  # perhaps the system has killed it, for want of memory
            process.start_again()
            return lost(student)
        finally:
            idle.put(process)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            yield pool.map(by_the_next_idle, students)
        finally:
            pool.shutdown(cancel_futures=True)
            # all pipes first: a process that was forked later holds the ends of the earlier ones open
            for process in processes:
                process.pipe.close()
            for process in processes:
                process.process.join()


class _Process:
    """A process that does one thing after the other. It ends when this one does, whatever ends it: its pipe is closed then."""

    def __init__(self, do: Callable[[str], T]):
        self.do = do
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=_serve, args=(do, theirs, self.pipe), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, student: str, seconds: float | None) -> T:
        self.pipe.send(student)
        if not self.pipe.poll(seconds):
            raise TimeoutError
        return self.pipe.recv()

    def start_again(self) -> None:
        self.process.kill()
        self.pipe.close()
        self.process.join()
        self.__init__(self.do)


def _serve(do: Callable[[str], T], pipe, other_end) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that hands out the work
    if multiprocessing.get_start_method() == "fork":
        other_end.close()
    while True:
        try:
            student = pipe.recv()
        except EOFError:
            return
        pipe.send(do(student))
