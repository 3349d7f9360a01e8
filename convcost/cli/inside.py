"""Networks that a command line names, whatever they are written in, and single layers inside them."""

from __future__ import annotations

import sys

from ..answers.network import Rebuild, not_rebuilt
from ..graph.ops import Shape
from ..networks.build import Choices, Network, build_network
from ..networks.convs import spec_of_layer
from ..networks.foreign import is_module_name, printed_text
from ..networks.lines import LONGEST_FILE
from ..networks.zoo import find_program
from ..records import NamedTuple
from ..spec import SpecError, format_spec
from .onnx_model import is_onnx, read_model
from .run import Flags


class Asked(NamedTuple):
    """What a command line says beside the name: multipliers, batch, with BatchNorm or not, inputs of an ONNX file."""

    width: str = ""
    depth: str = ""
    batch: int | None = None
    norm: bool = True
    inputs: tuple[str, ...] = ()


class Opened(NamedTuple):
    """A network, and the same for an input of another shape."""

    network: Network
    rebuild: Rebuild


def open_network(words: list[str], asked: Asked) -> Opened:
    """The network of that name, file or standard input; `words` behind it say something about its input.

    >>> open_network(["resnet50", "@192"], Asked()).network.graph.input_shape
    (1, 3, 192, 192)

    Raises SpecError where there is none, or where something is said that it does not have.
    """
    if is_module_name(words[0]):
        return _open_module(words, asked)
    if is_onnx(words[0]):
        _no_multipliers(asked._replace(norm=True), "an ONNX file")
        return Opened(read_model(_tokens(words, asked), words[0], list(asked.inputs)), not_rebuilt)
    if asked.inputs:
        first = asked.inputs[0]
        raise SpecError("--input is for ONNX files", "here the input is written @224 n8", first, 0, len(first))
    tokens = _tokens(words, asked)
    choices = Choices(tokens, asked.width or None, asked.norm, depth=asked.depth or None)
    piped = words[0] == "-"
    text = sys.stdin.buffer.read(LONGEST_FILE + 1).decode("utf-8", "replace") if piped else None
    if printed := printed_text(words[0], text):
        return _open_printed(printed, words, asked)
    program = find_program(words[0], text)

    def rebuild(shape: Shape) -> Network:
        return build_network(program, choices._replace(reduced=shape))

    return Opened(build_network(program, choices), rebuild)


def _tokens(words: list[str], asked: Asked) -> str:
    return " ".join([*words[1:], *([f"n{asked.batch}"] if asked.batch is not None else [])])


def _open_module(words: list[str], asked: Asked) -> Opened:
    from ..networks.modules import check_source, import_network, parse_module_name

    _no_multipliers(asked, "a module")
    source = parse_module_name(words[0])
    check_source(source)
    if source.runs_a_file:
        print(f"note: {source.place} is run, to get {source.attribute} from it", file=sys.stderr)
    found = import_network(words[0], _tokens(words, asked))
    _say(found.network.name, found.notes)
    return Opened(found.network, not_rebuilt)


def _open_printed(text: str, words: list[str], asked: Asked) -> Opened:
    from ..networks.printed import printed_network

    _no_multipliers(asked, "a printed model")
    name = "printed model" if words[0] == "-" else words[0]
    found = printed_network(text, _tokens(words, asked), name)
    _say(name, found.notes)
    return Opened(found.network, found.rebuild)


def _say(name: str, notes: tuple[str, ...]) -> None:
    for note in notes:
        print(f"note: {name}: {note}", file=sys.stderr)


def _no_multipliers(asked: Asked, what: str) -> None:
    for name, text in (("width", asked.width), ("depth", asked.depth)):
        if text:
            raise SpecError(f"{what} has no {name} multiplier", f"leave --{name} out", text, 0, len(text))
    if not asked.norm:
        raise SpecError(f"{what} keeps its BatchNorm", "leave --no-norm out")


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
