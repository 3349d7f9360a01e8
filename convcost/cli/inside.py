"""Networks that a command line names, whatever they are written in, and single layers inside them."""

from __future__ import annotations

import sys

from ..answers.opening import Asked, Opened, find_network
from ..networks.convs import spec_of_layer
from ..networks.foreign import is_module_name
from ..networks.lines import LONGEST_FILE
from ..spec import SpecError, format_spec
from .failure import tell, working
from .run import Flags


def open_network(words: list[str], asked: Asked) -> Opened:
    """The network of that name, file or standard input; `words` behind it say something about its input.

    >>> open_network(["resnet50", "@192"], Asked()).network.graph.input_shape
    (1, 3, 192, 192)

    Raises SpecError where there is none, or where something is said that it does not have.
    """
    piped = sys.stdin.buffer.read(LONGEST_FILE + 1).decode("utf-8", "replace") if words[0] == "-" else None
    if not is_module_name(words[0]):
        return find_network(words[0], " ".join(words[1:]), asked, piped, tell)
    with working(f"{words[0]} is exported by torch") as tell_meanwhile:
        return find_network(words[0], " ".join(words[1:]), asked, None, tell_meanwhile)


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
