"""`convcost network`: what a whole network costs, by kind of operation and by layer."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from ..answers.network import NetworkAnswer, answer_network
from ..answers.opening import Asked
from ..networks.write import network_text
from ..report.networks import network_document, write_network
from ..spec.errors import SpecError
from .failure import tell, working
from .inside import open_network
from .onnx_model import report_unknown
from .options import Convention, Destination, Exact, Execution, Selecting
from .run import LARGE

if TYPE_CHECKING:
    from ..answers.check import Check

EPILOG = """
A network is the name of a built-in one ('convcost zoo' lists them), the path of a network file, or - for a file on
standard input. A file has one line a layer: input 3 @224, standard 32 k3 s2, depthwise-separable 64 k3,
residual-bottleneck 256 k3 r3, max-pool k3 s2 p1, global-average-pool, linear 1000 bias. A map is @224 or @224x192; a
length is input 64 @16000 1d, a volume input 3 @16x112x112; `convcost zoo NAME` prints a file to start from.

A file that ends in .onnx is a model: its sizes are in it, or given as @3x224x224, or by --input where it has several
inputs. What is not known is listed; of a branch that depends on data the dearer side counts; products of constants
count, and are called so.

Examples:

  convcost network resnet50

  convcost network mobilenet-v1 --width 0.75 @192 n8

  convcost network vgg16 --convention thop

  convcost network my-net.txt --per-layer --format csv

  convcost network resnet50 --per-layer --where "macs>2% and op=conv" --sort max:macs

  cat my-net.txt | convcost network - --format json
"""

#: Operations whose counting takes a second, which is told.
MANY = 10_000

#: Files that the examples need, for the test that runs them.
EXAMPLE_FILES = {"my-net.txt": "input 3 @32\nstandard 8 k3 s2 relu\nglobal-average-pool\nflatten\nlinear 10 bias\n"}

Name = Annotated[
    list[str],
    typer.Argument(
        metavar="NETWORK [@SIZE] [n8] [fp16]",
        show_default=False,
        help="A built-in network, a file, or - for standard input; then input size, batch and dtype over the file's.",
    ),
]
Width = Annotated[
    str, typer.Option(metavar="NUMBER", show_default=False, help="Width multiplier, where the network has one.")
]
Depth = Annotated[
    str, typer.Option(metavar="NUMBER", show_default=False, help="Depth multiplier, where the network has one.")
]
BatchNorm = Annotated[bool, typer.Option("--norm/--no-norm", help="With or without its BatchNorm.")]
ModelInputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input", metavar="NAME=SHAPE", show_default=False, help="Shape of an ONNX file's input; repeatable."
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if an operation of an ONNX file is not counted.")]
Batch = Annotated[int | None, typer.Option(min=1, metavar="N", show_default=False, help="Batch, as the token n8.")]


def network(
    name: Name,
    width: Width = "",
    depth: Depth = "",
    batch: Batch = None,
    per_layer: Annotated[bool, typer.Option("--per-layer", help="A line for each operation.")] = False,
    timeline: Annotated[bool, typer.Option("--timeline", help="Draw activation memory, step by step.")] = False,
    norm: BatchNorm = True,
    as_text: Annotated[bool, typer.Option("--as-text", help="Write it as a network file instead.")] = False,
    exact: Exact = False,
    input: ModelInputs = None,
    strict: Strict = False,
    convention: Convention = "",
    *,
    selecting: Selecting,
    execution: Execution,
    to: Destination,
) -> int:
    """Count a whole network: totals, shares, peak and training memory, its layers executed and checked."""
    if timeline and to.written != "table":
        hint = f"leave --timeline out: {to.written} has what is alive at each layer as its peak_bytes"
        raise SpecError("a timeline is drawn in the terminal only", hint)
    network, rebuild = open_network(name, Asked(width, depth, batch, norm, tuple(input or ())))
    _note_one_number(network.shapes[0][2:], name)
    if as_text:
        with to.open_text() as file:
            file.write(network_text(network))
        return 0
    operations = len(network.graph.nodes)
    with working(f"{operations:,} operations are counted") if operations >= MANY else nullcontext():
        answer = answer_network(network, execution.inplace, execution.of_networks(), rebuild)
        document = network_document(answer)
    report_unknown(network)
    if convention:
        from ..report.beside import add_convention

        add_convention(document, network, convention)
    if any(selecting):
        document["layers"] = _selected(document["layers"], answer, selecting)
    with to.open() as (file, written):
        write_network(document, written, file, per_layer=per_layer or any(selecting), exact=exact)
        if timeline:
            _draw(answer, file)
    return report_mismatches(answer) or int(strict and bool(network.unknown))


def _selected(layers: list[Any], answer: NetworkAnswer, selecting: Selecting) -> list[Any]:
    """The layers that are asked for, in that order."""
    from ..search.select import LAYER_WORDS, select_layers

    chosen = select_layers(answer, selecting.selection(LAYER_WORDS))
    if not chosen:
        tell(f"no layer is left of {len(layers)}")
    return [layers[index] for index in chosen]


def _note_one_number(size: tuple[int, ...], words: list[str]) -> None:
    """Say on stderr how one axis is written, where a size may be one number that was meant for it."""
    if len(set(size)) == 1 < len(size) and size[0] > LARGE and f"{size[0]}x{size[0]}" not in " ".join(words):
        tell(f"the input is {'x'.join(map(str, size))} positions; one axis is written 1d")


def _draw(answer: NetworkAnswer, file: TextIO) -> None:
    from ..report.as_table import can_encode
    from ..report.timeline import timeline

    width = get_terminal_size((80, 24)).columns
    print("\n" + timeline(answer, max(width, 40), ascii_only=not can_encode(file)), end="", file=file)


def report_mismatches(answer: NetworkAnswer) -> int:
    """1, and both numbers on stderr, where an execution contradicts the analysis."""
    if answer.verified is None or answer.verified.status != "mismatch":
        return 0
    for layer in answer.verified.layers:
        _say(f"{answer.network.name}: {layer.names[0]}", layer.checks)
    _say(f"{answer.network.name}: the whole network", {**answer.verified.wiring.checks, **answer.verified.seen})
    return 1


def _say(where: str, checks: dict[str, Check]) -> None:
    for word, found in checks.items():
        if found.ok is False:
            print(f"mismatch: {where}: {word} is {found.expected} by analysis, {found.measured} as executed",
                  file=sys.stderr)  # fmt: skip
