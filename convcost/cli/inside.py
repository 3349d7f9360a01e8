"""Networks that a command line names, whatever they are written in, and single layers inside them."""

from __future__ import annotations

import sys
from typing import NamedTuple

from ..answers.network import Rebuild, not_rebuilt
from ..graph.ops import Shape
from ..networks.build import Choices, Network, build_network
from ..networks.convs import spec_of_layer
from ..networks.lines import LONGEST_FILE
from ..networks.zoo import find_program
from ..spec import SpecError, format_spec
from .onnx_model import Completeness, is_onnx, read_model
from .run import Flags


class Asked(NamedTuple):
    """What a command line says beside the name: multipliers, batch, with BatchNorm or not, inputs of an ONNX file."""

    width: str = ""
    depth: str = ""
    batch: int | None = None
    norm: bool = True
    inputs: tuple[str, ...] = ()


class Opened(NamedTuple):
    """A network, the same for an input of another shape, and how far its numbers hold."""

    network: Network
    rebuild: Rebuild
    complete: Completeness


def open_network(words: list[str], asked: Asked) -> Opened:
    """The network of that name, file or standard input; `words` behind it say something about its input.

    >>> open_network(["resnet50", "@192"], Asked()).network.graph.input_shape
    (1, 3, 192, 192)

    Raises SpecError where there is none, or where something is said that it does not have.
    """
    if is_onnx(words[0]):
        _only_onnx(asked)
        network, complete = read_model(words, list(asked.inputs), asked.batch)
        return Opened(network, not_rebuilt, complete)
    if asked.inputs:
        first = asked.inputs[0]
        raise SpecError("--input is for ONNX files", "here the input is written @224 n8", first, 0, len(first))
    tokens = " ".join([*words[1:], *([f"n{asked.batch}"] if asked.batch is not None else [])])
    choices = Choices(tokens, asked.width or None, asked.norm, depth=asked.depth or None)
    piped = words[0] == "-"
    text = sys.stdin.buffer.read(LONGEST_FILE + 1).decode("utf-8", "replace") if piped else None
    program = find_program(words[0], text)

    def rebuild(shape: Shape) -> Network:
        return build_network(program, choices._replace(reduced=shape))

    return Opened(build_network(program, choices), rebuild, Completeness([]))


def _only_onnx(asked: Asked) -> None:
    for name, text in (("width", asked.width), ("depth", asked.depth)):
        if text:
            raise SpecError(f"an ONNX file has no {name} multiplier", f"leave --{name} out", text, 0, len(text))


def layer_of_network(inside: str, layer: str, words: list[str], flags: Flags) -> tuple[list[str], Flags]:
    """The words that describe the layer, and the flags with its norm and activation; `words` go to the input.

    >>> layer_of_network("resnet50", "stage2.1.conv", ["n8"], Flags())
    (['128', '@56', 'k3', 's2', 'n8'], Flags(norm=True, activation='relu', residual=False))

    Raises SpecError where there is no such network or layer, or nothing to compare at all.
    """
    if not inside:
        names = "convcost network NETWORK --per-layer shows the names"
        hint = names if layer else "write a layer such as 64:128 @56 k3, or --in NETWORK --layer NAME"
        raise SpecError("--layer needs --in NETWORK" if layer else "SPEC is missing: there is no layer", hint)
    if not layer:
        raise SpecError("--in needs --layer NAME", f"convcost network {inside} --per-layer shows the names")
    network = open_network([inside, *words], Asked()).network
    spec = spec_of_layer(network, layer)
    flags = flags._replace(norm=flags.norm or spec.norm, activation=flags.activation or spec.activation)
    return format_spec(spec).split(), flags
