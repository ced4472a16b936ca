"""The same grading on many machines. Dask hands submissions out; this machine alone writes to the gradebook.

A machine of the cluster needs Python, this version of `tito`, and bubblewrap. What else a submission needs travels with it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from tito import __version__
from tito.assignments import sandbox
from tito.assignments.run import Code, Outcome, RunFailed, package_of, run
from tito.errors import TitoError


@contextmanager
def on_cluster(address: str, texts: dict[str, str], limits: tuple[float, float], unsafe_ok: bool) -> Iterator[Callable]:
    """A function that takes a submission's cells at once, and returns one that waits for its outcomes.

    Args:
        address: Dask's scheduler, such as tcp://10.0.0.1:8786.
        texts: the `tinytorch` that the cells import, file name -> text.
        limits: seconds for a cell, and for all of a submission.
        unsafe_ok: that a machine without bubblewrap runs it all the same.

    Raises:
        TitoError: Dask is not installed, there is no scheduler, or no machine has registered with it.
    """
    if find_spec("distributed") is None:
        raise TitoError('Dask is not installed: python -m pip install -e ".[cluster]" in the course\'s folder')
    from distributed import Client, KilledWorker

    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise TitoError(f"there is no Dask scheduler at {address} ({error}): `dask scheduler` starts one") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise TitoError(f"no machine has registered at {address}: `dask worker {address}` on each of them")
        (package,) = client.scatter([texts], broadcast=True)

        def submit(cells: list[Code]) -> Callable[[], list[Outcome]]:
            future = client.submit(run_there, cells, package, limits, unsafe_ok, __version__, pure=False)

            def outcomes() -> list[Outcome]:
                try:
                    return future.result()
                except KilledWorker:
                    raise RunFailed("several machines of the cluster were lost while they ran it") from None
                finally:
                    future.release()

            return outcomes

        yield submit


def run_there(
    cells: list[Code], texts: dict[str, str], limits: tuple[float, float], unsafe_ok: bool, version: str
) -> list[Outcome]:
    """Run a submission on a machine of the cluster. Running it again, elsewhere, gives the same."""
    if version != __version__:
        raise TitoError(
            f"a machine of the cluster has tito {__version__}, and this is {version}: install the same on both"
        )
    with package_of(texts) as folder:
        return run(cells, folder, *limits, walls=sandbox.require(unsafe_ok))
