"""`convcost reconcile`: why another tool's figure differs, as a sum that adds up."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ..answers.network import not_rebuilt
from ..answers.opening import Asked, Opened
from ..conventions.answer import conventions, find_conventions, reconcile_network
from ..conventions.figures import is_figure
from ..conventions.opening import is_layer, others_of
from ..report.reconciliation import write_conventions, write_reconciliation
from ..spec.errors import SpecError, clip
from .inside import open_network
from .network import Batch, BatchNorm, Depth, ModelInputs, Width, report_mismatches
from .onnx_model import report_unknown
from .options import Destination, Exact, Execution

if TYPE_CHECKING:
    from ..answers.check import NetworkVerified
    from ..conventions.layers import PerLayer

#: Tokens of specs that begin with a digit; what else does is meant as a figure.
_TOKEN = re.compile(r"\d+(?:x\d+)*|\d+:\d+|\d+->\d+|[1-3]d")

EPILOG = """
A figure is written as it is printed: 4.12 G, 4.12GFLOPs, 4,121,925,096, 4.1e9; =TOOL behind it says who printed it. It
is matched at its own digits, rounded or cut off; twice and half of a value where nothing else fits. Exit code 1
where no convention explains a figure.

Examples:

  convcost reconcile resnet50

  convcost reconcile resnet50 "4.12 G"

  convcost reconcile mobilenet-v2 "327.49 M=thop" "0.31 G" 300M

  convcost reconcile "ConvTranspose2d(16, 32, 3, stride=2, padding=1, output_padding=1)" @14x10

  convcost reconcile small.txt --per-layer theirs.csv

  convcost reconcile --list
"""

#: Files that the examples need, for the test that runs them.
EXAMPLE_FILES = {
    "small.txt": "input 3 @32\nfacts\nstem: standard 8 k3 s2 bias\nglobal-average-pool\nflatten\nlinear 10 bias\n",
    "theirs.csv": "layer,macs\nconv1,57344\nfc,80\n",
}

Subject = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NETWORK|LAYER [@SIZE] [FIGURE...]",
        show_default=False,
        help="A built-in network, a file, - for standard input, or a layer; then its size, and figures to explain.",
    ),
]


def reconcile(
    subject: Subject = None,
    sizes: Annotated[
        str, typer.Option(metavar="LIST", show_default=False, help="Explain figures at these input sizes too: 256,299.")
    ] = "",
    siblings: Annotated[
        bool, typer.Option("--siblings", help="Explain figures by other forms of the network too: resnet50-v1.")
    ] = False,
    per_layer: Annotated[
        str,
        typer.Option(
            "--per-layer",
            metavar="FILE",
            show_default=False,
            help="Another tool's figures, name,figure a line, or with a header, of which macs, mult-adds or flops is "
            "read: which layer differs first, and by what.",
        ),
    ] = "",
    convention: Annotated[
        str, typer.Option(metavar="NAME[@VERSION]", show_default=False, help="Only this convention.")
    ] = "",
    list_all: Annotated[bool, typer.Option("--list", help="List the conventions, their words and sources.")] = False,
    width: Width = "",
    depth: Depth = "",
    batch: Batch = None,
    norm: BatchNorm = True,
    exact: Exact = False,
    input: ModelInputs = None,
    *,
    execution: Execution,
    to: Destination,
) -> int:
    """Say how other tools count a network or a layer, and which of them prints a figure: a sum of named terms."""
    if list_all:
        with to.open() as (file, written):
            write_conventions(conventions(), written, file)
        return 0
    words, figures = split_words(subject or [])
    if not words:
        raise SpecError("there is nothing to reconcile", "name a network or a layer, such as: resnet50 '4.12 G'")
    if (sizes or siblings) and not figures:
        option = "--sizes" if sizes else "--siblings"
        raise SpecError(f"{option} is for figures, and there is none", "add one as it is printed: '4.12 G'")
    asked = opened(words, Asked(width, depth, batch, norm, tuple(input or ())))
    if per_layer:
        from ..report.layer_figures import write_layers

        names = "" if is_layer(words[0]) else f"convcost network {' '.join(map(quote, words))} --per-layer"
        layers = _per_layer(asked, per_layer, convention, names)
        with to.open() as (file, written):
            write_layers(layers, written, file, exact=exact)
        return int(layers.first is not None)
    verified = _verified(asked, execution)
    found = reconcile_network(
        asked.network,
        figures,
        others=others_of(asked.network, asked.rebuild, sizes, siblings) if figures else (),
        only=find_conventions(convention) if convention else (),
        verified=verified,
        unknown=[missing.op for missing in asked.network.unknown],
    )
    report_unknown(asked.network)
    with to.open() as (file, written):
        write_reconciliation(found, written, file, exact=exact)
    mismatch = verified is not None and verified.status == "mismatch"
    return int(mismatch or any([not one.explanations for one in found.figures]))


def split_words(words: list[str]) -> tuple[list[str], list[str]]:
    """The words that say what is meant, and the figures; a unit may stand apart.

    >>> split_words(["resnet50", "@224", "4.12", "G", "300M"])
    (['resnet50', '@224'], ['4.12 G', '300M'])
    >>> split_words(["64:128", "@56", "k3", "231.2", "MMACs"])
    (['64:128', '@56', 'k3'], ['231.2 MMACs'])

    An empty word is a figure that somebody forgot.
    """
    subject, figures = words[:1], list[str]()
    for word in words[1:]:
        if figures and _is_unit(word) and is_figure(f"{figures[-1]} {word}"):
            figures[-1] += f" {word}"
        elif is_figure(word) or not word.strip() or (word[:1].isdigit() and not _TOKEN.fullmatch(word)):
            figures.append(word)
        else:
            subject.append(word)
    return subject, figures


def _is_unit(word: str) -> bool:
    return bool(word.strip()) and not is_figure(word) and is_figure(f"1 {word}")


def opened(words: list[str], asked: Asked) -> Opened:
    """The network or the layer that the words say."""
    if not is_layer(words[0]):
        return open_network(words, asked)
    from ..networks.single import read_single

    batch = [f"n{asked.batch}"] if asked.batch is not None else []
    return Opened(read_single(" ".join([*words, *batch])), not_rebuilt)


def _verified(asked: Opened, execution: Execution) -> NetworkVerified | None:
    """Every distinct layer executed, as `network` does."""
    verify = execution.of_networks()
    if verify is None or asked.network.unknown:
        return None
    from ..answers.network import answer_network

    answer = answer_network(asked.network, execution.inplace, verify, asked.rebuild)
    report_mismatches(answer)
    return answer.verified


def _per_layer(asked: Opened, path: str, convention: str, names: str) -> PerLayer:
    """Another tool's figures beside a convention's; `names` is the command that lists the names of layers."""
    from ..conventions.layers import per_layer, read_theirs

    chosen = find_conventions(convention)[-1] if convention else None
    return per_layer(asked.network, read_theirs(_text(path), path), chosen, names=names)


def _text(path: str) -> str:
    """The text of another tool's figures; a file that cannot be read is bad input."""
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_text("utf-8", "replace")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no file can have that name"
        hint = "--per-layer names a CSV file with a line a layer: its name and its figure"
        raise SpecError(f"{clip(path)} cannot be read: {why}", hint, path) from None
