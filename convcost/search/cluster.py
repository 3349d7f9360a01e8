"""Who works out the parts of a search: a loop, threads, or a Dask cluster; the answer is the same, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from logging import CRITICAL
from typing import Any

from .. import __version__
from ..spec.errors import SpecError
from .chunks import chunk
from .reduce import Part, Partial, Search, merge, parts

#: How long somebody at an address is waited for.
PATIENCE = "4s"

#: Called with how many layers are done.
Tell = Callable[[int], object]


def reduced(search: Search, tell: Tell = lambda _: None) -> Partial:
    """The answer to a search, part by part in this thread.

    >>> from .questions import Question
    >>> from .grid import read_grid
    >>> grid = read_grid("16..64/16 @7,14 k3".split())[0]
    >>> reduced(Search((Question(grid, "standard", ("macs",)),))).counts
    ((0, (8, 8, 8)),)
    """
    found, done = Partial(), 0
    for part in parts(search):
        found = merge(search, found, chunk(search, part))
        done += part.layers
        tell(done)
    return found


def in_threads(search: Search, workers: int, tell: Tell = lambda _: None) -> Partial:
    """The same by threads, which NumPy and Numba let run beside one another."""
    with ThreadPoolExecutor(workers) as pool:
        return _gathered(search, lambda part: pool.submit(chunk, search, part), 2 * workers, tell)


def _gathered(search: Search, start: Callable[[Part], Future[Partial]], most: int, tell: Tell) -> Partial:
    """What many parts come to, `most` of them under way at a time."""
    found, done, left = Partial(), 0, parts(search)
    running = {start(part): part for part in islice(left, most)}
    while running:
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            part = running.pop(future)
            found = merge(search, found, future.result())
            done += part.layers
            tell(done)
            running |= {start(one): one for one in islice(left, 1)}
    return found


def on_cluster(search: Search, address: str = "", workers: int = 0, tell: Tell = lambda _: None) -> Partial:
    """The same by Dask: on the cluster at `address`, or by so many processes of this machine.

    A worker that is lost loses nothing: its parts are worked out by another. Raises SpecError without Dask, where
    nobody is at the address, and where no workers are there or one has another version of convcost.
    """
    try:
        from distributed import Client
    except ImportError:
        raise SpecError("a cluster needs Dask", "pip install 'convcost[cluster]'") from None
    given: dict[str, Any] = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    given["silence_logs"] = CRITICAL  # what processes tell of one another where they are stopped
    try:
        client = Client(address, timeout=PATIENCE) if address else Client(processes=True, **given)
    except (OSError, ValueError) as error:
        raise SpecError(f"there is no cluster at {address}: {error}", "start one: dask scheduler", address) from None
    with client:
        if address:
            _require_workers(client, address)
        return gathered_by(client, search, tell)


def _require_workers(client: Any, address: str) -> None:
    """Raise SpecError unless workers are there, each with this very version of convcost."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        hint = f"start some where this version is installed: dask worker {address}"
        raise SpecError(f"the cluster at {address} has no workers", hint, address) from None

    def version_there() -> str:  # within a function it is sent as it is, and needs no convcost to be read
        try:
            from convcost import __version__
        except ImportError:
            return ""
        return __version__

    for worker, version in client.run(version_there).items():
        if version != __version__:
            has = f"convcost {version}" if version else "no convcost"
            hint = f"pip install 'convcost[cluster]=={__version__}' where the worker is started"
            raise SpecError(f"the worker at {worker} has {has}, this is {__version__}", hint, address)


def gathered_by(client: Any, search: Search, tell: Tell = lambda _: None) -> Partial:
    """The answer by the workers of a client, each of which holds a few parts at a time."""
    from distributed import as_completed

    # A scheduler reads what it hands on, but for data: a function that stands here is sent as it is, and needs none of
    # convcost to be read.
    def work(asked: Search, part: tuple[int, ...]) -> Partial:
        from convcost.search.chunks import chunk
        from convcost.search.reduce import Part

        return chunk(asked, Part(*part))

    asked = client.scatter(search, broadcast=True, hash=False)

    def start(part: Part) -> Any:
        return client.submit(work, asked, tuple(part), pure=False, retries=5)

    found, done, left = Partial(), 0, iter(parts(search))
    threads = max(1, sum(client.nthreads().values()))
    running = {start(part): part for part in islice(left, 3 * threads)}
    queue = as_completed(running)
    for future in queue:
        part = running.pop(future)
        found = merge(search, found, future.result())
        done += part.layers
        tell(done)
        for one in islice(left, 1):
            more = start(one)
            running[more] = one
            queue.add(more)
    return found
