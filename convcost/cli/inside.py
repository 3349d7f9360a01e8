"""`convcost compare --in NETWORK --layer NAME`: the layer's spec, taken from the network."""

from __future__ import annotations

from ..networks.build import Choices, build_network
from ..networks.convs import spec_of_layer
from ..networks.zoo import find_program
from ..spec import SpecError, format_spec
from .run import Flags


def layer_of_network(inside: str, layer: str, words: list[str], flags: Flags) -> tuple[list[str], Flags]:
    """The words that describe the layer, and the flags with its norm and activation; `words` go to the input.

    >>> layer_of_network("resnet50", "stage2.1.conv", ["n8"], Flags())
    (['128', '@56', 'k3', 's2', 'n8'], Flags(norm=True, activation='relu', residual=False))

    Raises SpecError where there is no such network or layer, or nothing to compare at all.
    """
    if not inside:
        names = "convcost network NETWORK --per-layer shows the names"
        hint = names if layer else "write a layer such as 64:128 @56 k3, or --in NETWORK --layer NAME"
        raise SpecError(
            "--layer needs --in NETWORK" if layer else "SPEC is missing: there is no layer to compare", hint
        )
    if not layer:
        raise SpecError("--in needs --layer NAME", f"convcost network {inside} --per-layer shows the names")
    program = find_program(inside)
    spec = spec_of_layer(build_network(program, Choices(" ".join(words))), layer)
    flags = flags._replace(norm=flags.norm or spec.norm, activation=flags.activation or spec.activation)
    return format_spec(spec).split(), flags
