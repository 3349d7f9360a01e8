"""`convcost diff`: what differs between two networks, layer by layer and in all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..gate.diff import differences
from ..gate.targets import Ways, read_subject
from ..report.gate import write_diff
from .failure import tell
from .options import Destination, Exact, Execution

EPILOG = """
A side is a network (built in, a file, a module) or a layer with what is said of its input, quoted; a file of a git
revision, as in 'convcost diff HEAD~1:net.txt net.txt'; or an answer that was written with --format json. An operation
that only has another name or place did not change.

Examples:

  convcost diff resnet18 resnet34

  convcost diff "mobilenet-v1" "mobilenet-v1 width=0.75"

  convcost diff before.json my-net.txt --format markdown
"""

#: Files that the examples need, for the test that runs them.
EXAMPLE_FILES = {
    "my-net.txt": "input 3 @32\nstandard 8 k3 s2\n",
    "before.json": '{"input": [1, 3, 32, 32], "dtype": "fp32", "total": {"params": 216, "macs": 221184}, "layers": []}',
}

Side = Annotated[
    str, typer.Argument(metavar="A", show_default=False, help="A network, a file, REV:FILE of git, or JSON.")
]
Other = Annotated[str, typer.Argument(metavar="B", show_default=False, help="The same, after the change.")]


def diff(
    a: Side,
    b: Other,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where they differ.")] = False,
    exact: Exact = False,
    *,
    execution: Execution,
    to: Destination,
) -> int:
    """Say what differs between two networks, or two revisions of one: layer by layer, and in all."""
    ways = Ways(Path(), execution.inplace, execution.of_networks(), tell)
    found = differences(read_subject(a, ways), read_subject(b, ways))
    with to.open() as (file, written):
        write_diff(found, written, file, exact=exact)
    mismatch = "mismatch" in (found.a.status, found.b.status)
    return int(mismatch or (exit_code and not found.is_same))
