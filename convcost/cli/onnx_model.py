"""What `network` does with an ONNX file: its inputs' sizes from the command line, what was not counted on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..graph.ops import Shape
from ..spec.errors import SpecError, clip

if TYPE_CHECKING:
    from ..networks.build import Network


def is_onnx(name: str) -> bool:
    """Is that the name of an ONNX file?"""
    return name.lower().endswith(".onnx")


def read_model(tokens: str, name: str, inputs: list[str]) -> Network:
    """The network in an ONNX file; `tokens` say the size of its one image, `inputs` the shapes of those that they name.

    Raises SpecError where both are said.
    """
    from ..graph.shapes import infer_shapes
    from ..networks.build import Network
    from ..networks.input import read_size
    from ..networks.onnx import read_onnx

    size, batch = read_size(tokens)
    if size is not None and inputs:
        raise SpecError("the input's size is given twice", "keep @SIZE or --input", tokens, 0, len(tokens))
    shapes = dict([parse_input(text) for text in inputs])
    found = read_onnx(name, shapes, batch, size)
    unknown = tuple(found.unknown)
    return Network(found.name, "", found.graph, infer_shapes(found.graph), unknown, found.upper_bound,
                   found.params_complete, worked_out=found.worked_out)  # fmt: skip


def parse_input(text: str) -> tuple[str, Shape]:
    """An input's name and shape.

    >>> parse_input("data=1x3x224x224")
    ('data', (1, 3, 224, 224))
    """
    name, _, sizes = text.rpartition("=")
    numbers = sizes.lower().split("x")
    if not name or not all([n.isascii() and n.isdigit() and len(n) <= 18 for n in numbers]):
        raise SpecError(f"{clip(text)!r} is no input", "such as --input data=1x3x224x224", text, 0, len(text))
    return name, tuple(map(int, numbers))


def report_unknown(network: Network) -> None:
    """A line on stderr for every kind of operation that was not counted, and for numbers that are bounds."""
    if network.unknown:
        params = "all params are known" if network.params_complete else "their params are missing, too"
        count = sum([missing.count for missing in network.unknown])
        what = f"{count} operation{'s are' if count > 1 else ' is'} not counted ({params}):"
        print(f"partial: {network.name}: {what}", file=sys.stderr)
    for missing in network.unknown:
        print(f"  {missing.count} x {missing.op} (first: {missing.first}): {missing.reason}", file=sys.stderr)
    if network.upper_bound:
        note = "a branch depends on data; the dearer side is counted, an upper bound"
        print(f"note: {network.name}: {note}", file=sys.stderr)
    if network.worked_out:
        note = "params are in tables that the exporter worked out of learned ones, which are not in the file"
        print(f"note: {network.name}: {network.worked_out:,} {note}", file=sys.stderr)
