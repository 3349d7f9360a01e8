"""`convcost export`: a variant or a network as an ONNX file, which any engine runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..graph.ops import Graph
from ..report.formats import ENDINGS
from ..spec.errors import SpecError, clip
from .options import Modifiers, OfNetwork, OptionalSpec, Residual

if TYPE_CHECKING:
    from ..networks.written.learned import Fill

EPILOG = """
The file holds standard ONNX operations (opset 20; of bf16, 22) and needs nothing of convcost to run. Where ONNX has no
operation for one of ours several stand for it, with a note by which 'convcost network block.onnx' knows it again.
Tensors are named as in PyTorch, conv.weight and conv.bias; --weights FILE.npz has arrays under these names.

Examples:

  convcost export 64:128 @56 k3 --variant depthwise-separable -o block.onnx

  convcost export --network mobilenet-v2 @160 -o mobilenet.onnx

  convcost export 64:64 @56 k3 g64 --activation relu --weights ones -o layer.onnx
"""


def export(
    spec: OptionalSpec = None,
    variant: Annotated[
        str, typer.Option(metavar="NAME", show_default="the layer as given", help="Which variant of the layer.")
    ] = "",
    network: OfNetwork = "",
    weights: Annotated[
        str, typer.Option(metavar="WEIGHTS", help="random, ones, or an .npz file of arrays by name.")
    ] = "random",
    seed: Annotated[int, typer.Option(metavar="N", help="Which random weights.")] = 0,
    residual: Residual = False,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", show_default=False, help="Write to this file.")
    ] = "",
    *,
    modifiers: Modifiers,
) -> int:
    """Write a variant of a layer, or a whole network, as an ONNX file, with random weights or yours."""
    from .. import __version__
    from ..networks.written.file import onnx_pieces, writable

    if not output and sys.stdout.isatty():
        raise SpecError("an ONNX file is no text for a terminal", "name the file: -o block.onnx")
    ending = Path(output).suffix
    if ending.lower() in ENDINGS:
        start = len(output) - len(ending)
        raise SpecError(f"an ONNX file is not {ending}", "end the file in .onnx", output, start, len(output))
    graph, name = graph_to_run(spec or [], variant, network, modifiers, residual)
    pieces = onnx_pieces(writable(graph, name), _fill(weights, seed), __version__)
    first = next(pieces)  # what cannot be written is said before a file is opened
    _write(output, first, pieces)
    return 0


def graph_to_run(
    words: list[str], variant: str, network: str, modifiers: Modifiers, residual: bool = False
) -> tuple[Graph, str]:
    """The graph that a command line names, and its name: a variant of a layer, or a network."""
    if network:
        from ..answers.opening import Asked
        from .inside import open_network

        if variant:
            raise SpecError("--variant is of a layer", "leave it out, or --network", variant)
        found = open_network([network, *words], Asked()).network
        if found.unknown:
            first = found.unknown[0]
            raise SpecError(
                f"{clip(found.name)} has operations that are not known", f"{clip(first.op)}: {first.reason}"
            )
        return found.graph, found.name
    return _variant(words, variant, modifiers, residual)


def _variant(words: list[str], variant: str, modifiers: Modifiers, residual: bool) -> tuple[Graph, str]:
    from ..spec.text import join_words
    from ..variants.registry import DoesNotApply, build_variant
    from .names import choose_variants
    from .run import Flags

    if not words:
        raise SpecError("there is nothing to export", "write a layer such as 64:128 @56 k3, or --network NAME")
    read = Flags.of(modifiers, residual).read(join_words(words), {})
    names = choose_variants(variant) or [read.variant]
    if len(names) > 1:
        raise SpecError("one file holds one variant", "name one", variant)
    try:
        return build_variant(names[0], read.spec).graph, names[0]
    except DoesNotApply as why:
        raise SpecError(f"{names[0]} does not apply: {why}", "convcost compare shows which do", variant) from None


def _fill(weights: str, seed: int) -> Fill:
    from ..networks.written.learned import from_file, noise, ones

    if weights in ("random", "ones"):
        return noise(seed) if weights == "random" else ones
    if not weights.lower().endswith(".npz"):
        hint = "random, ones, or a file that ends in .npz"
        raise SpecError(f"unknown weights {clip(weights)!r}", hint, weights)
    return from_file(Path(weights))


def _write(output: str, first: bytes, pieces: Iterator[bytes]) -> None:
    """To the file, whole or not at all, or to standard output."""
    from .output import whole_file

    if not output:
        sys.stdout.buffer.write(first)
        sys.stdout.buffer.writelines(pieces)
        return
    with whole_file(output) as file:
        file.buffer.write(first)
        file.buffer.writelines(pieces)
