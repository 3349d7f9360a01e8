"""`convcost sweep`: every variant of many layers, reduced as it is worked out, or written to a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, TextIO

import typer

from ..spec.errors import SpecError
from .fit import tokens_said
from .names import choose_variants
from .options import Destination, Exact, Execution, Front, Modifiers, Variants, Where
from .output import whole_bytes

if TYPE_CHECKING:
    from ..search.reduce import Search
    from ..search.sweep import Sweep, Workers

EPILOG = """
Ranges are 16..512 (every number), 16..512/16 (in steps), 16..512/x2 (doubling); lists 7,14,28 may hold ranges. Every
token may have several values: 16..64:128 @7,14 k1,3 s1,2 mid=16,32 e1..6 n1,8. A setting makes rows only of the
variants that have it.

--where takes conditions such as macs<=30M and not (variant=ghost or peak_bytes>2MiB). Nothing is kept but what is
asked for: counts, --best WORDS with --top N, --front WORDS. -o FILE.parquet or .arrow has every row that --where
chooses, so has a .csv without --best and --front; it appears whole or not at all. Building blocks are in no front
unless they are named.

With Numba (convcost[sweep]) large grids take a third of the time. --workers N starts N processes by Dask (pip install
'convcost[cluster]'). --cluster ADDRESS takes the workers of a scheduler: `dask scheduler` on one machine, `dask worker
ADDRESS` on every other, where this very version of convcost must be installed, best with [sweep]; the scheduler needs
none. The answer is the same, whoever works it out, and a worker that is lost changes nothing.

Examples:

  convcost sweep 16..512/16:16..512/16 @7,14,28,56 k1,3,5,7 s1,2 --where "macs<=30M and peak_bytes<=2MiB" --top 20

  convcost sweep 64..256/x2:128 @14,28,56 k3 --front params,macs,peak_bytes

  convcost sweep 16..64/16 @7,14 k3 --variants all -o costs.csv
"""

What = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC...",
        show_default=False,
        help="A layer whose tokens may have ranges: 16..512/16:64 @7,14 k3,5 s1,2.",
    ),
]

#: Endings of files that get every row, whatever else is asked for.
COLUMNAR = (".parquet", ".arrow")

#: Seconds between two lines of progress.
OFTEN = 0.5


def sweep(
    spec: What,
    variants: Variants = "",
    best: Annotated[
        str, typer.Option(metavar="WORDS", show_default=False, help="What comes first, such as max:params or macs.")
    ] = "",
    top: Annotated[
        int | None, typer.Option("--top", min=1, metavar="N", show_default="20", help="So many rows in full.")
    ] = None,
    front: Front = "",
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="Threads that work.")] = 1,
    workers: Annotated[
        int, typer.Option(min=0, metavar="N", show_default=False, help="Processes that work, by Dask.")
    ] = 0,
    cluster: Annotated[
        str, typer.Option(metavar="ADDRESS", show_default=False, help="A Dask cluster, such as tcp://host:8786.")
    ] = "",
    exact: Exact = False,
    where: Where = "",
    *,
    modifiers: Modifiers,
    execution: Execution,
    to: Destination,
) -> int:
    """Go through many layers and all their variants: counts, the best, a front, or every row in a file."""
    from ..report.sweeps import write_sweep
    from ..search.sweep import Workers, read_search

    text, flags = tokens_said(spec, modifiers)
    search = read_search(
        text, choose_variants(variants), where, best, top, front, flags=flags, inplace=execution.inplace
    )
    found = _answer(search, text, Workers(threads, workers, cluster), execution, top, to)
    if not found.file or to.output:  # rows on standard output stand there alone
        rest = to._replace(output="") if found.file else to
        with rest.open() as (file, written):
            write_sweep(found, written, file, exact=exact)
    statuses = [row.answer.verified.status for row in (*found.best, *[row for row, _ in found.front])
                if row.answer.verified]  # fmt: skip
    return int("mismatch" in statuses)


def _answer(
    search: Search, text: str, workers: Workers, execution: Execution, top: int | None, to: Destination
) -> Sweep:
    from ..search.sweep import rows_asked, sweep_layers

    ending = _ending(search, to)
    tell, done = telling(rows_asked(search), sys.stdout if ending and not to.output else None)

    def work(**more: Any) -> Sweep:
        return sweep_layers(search, text, workers, verify=execution.of_rows(), tell=tell, top=top, **more)

    try:
        if not ending:
            return work()
        from ..search.files import rows_to

        if workers.processes or workers.cluster:
            hint = "leave --workers and --cluster out: one process writes rows"
            raise SpecError("rows are not written by several processes", hint)
        with _rows_file(to) as file, rows_to(file, ending) as write:
            return work(write=write, file=to.output or "standard output")
    finally:
        done()


def _ending(search: Search, to: Destination) -> str:
    """The kind of file that gets every row, if one does: Parquet, Arrow, and CSV where nothing less is asked for."""
    ending = os.path.splitext(to.output)[1].lower()
    if ending in COLUMNAR:
        return ending
    return ".csv" if to.written == "csv" and not (search.best or search.front) else ""


def _rows_file(to: Destination) -> AbstractContextManager[BinaryIO]:
    return whole_bytes(to.output) if to.output else nullcontext(sys.stdout.buffer)


def telling(rows: int, beside: TextIO | None = None) -> tuple[Callable[[int], object], Callable[[], object]]:
    """What tells how far things are, on a terminal where nothing is written `beside`, and what clears it away."""
    start = last = monotonic()
    if not sys.stderr.isatty() or (beside is not None and beside.isatty()):
        return (lambda _: None), (lambda: None)

    def tell(done: int) -> None:
        nonlocal last
        now = monotonic()
        if now - last >= OFTEN:
            last = now
            print(f"\r{rate_of(done, rows, now - start)}\x1b[K", end="", file=sys.stderr, flush=True)

    return tell, lambda: print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def rate_of(done: int, rows: int, seconds: float) -> str:
    """How far things are, in words.

    >>> rate_of(250, 1000, 2.0)
    '25.0 %, 125 rows a second, 6 s left'
    """
    rate = max(done / seconds, 1e-9)
    return f"{100 * done / max(rows, 1):.1f} %, {rate:,.0f} rows a second, {(rows - done) / rate:,.0f} s left"
