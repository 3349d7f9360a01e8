"""Lines that are a variant: the words of a line and the shape of its input -> the variant's graph."""

from __future__ import annotations

from ..graph.ops import Shape
from ..spec.check import build_spec
from ..spec.errors import Problem
from ..spec.fields import Values
from ..spec.layer import LayerSpec
from ..spec.text import gather_tokens
from ..variants.registry import AS_GIVEN, Built, DoesNotApply, all_variants, build_variant, other_names
from .lines import FLAGS

#: Variants that use the groups of a line; the others would ignore them.
GROUPED = ("grouped", "bottleneck", "residual-bottleneck")

#: Words that belong to the input of the network.
_OF_THE_INPUT = {"input_size": "a size", "batch": "a batch", "dtype": "a dtype", "axes": "axes"}


def layer_spec(
    op: str, words: list[str], flags: dict[str, object], given: Shape, dtype: str, said: Values
) -> LayerSpec:
    """The spec of a line; what its tokens say goes into `said`, so that a mistake can be found among them.

    >>> spec = layer_spec("standard", ["32", "k3", "s2", "relu"], {"norm": True}, (1, 3, 224, 224), "fp32", {})
    >>> spec.in_channels, spec.out_channels, spec.stride, spec.norm, spec.activation
    (3, 32, (2, 2), True, 'relu')

    Raises Problem where the words say no layer, or one that has no place here.
    """
    flags = {**flags, **dict([FLAGS[word] for word in words if word in FLAGS and word != "bias"])}
    if "residual" in words:
        flags["residual"] = True
    tokens = [word for word in words if is_token(word)]
    if len(given) < 3:
        raise Problem("there is no size left for a convolution", "it comes before flatten")
    gather_tokens(" ".join(tokens), said, len(given) - 2)
    _check(op, said, tokens, given)
    values = {"kernel_size": 1, **said} if op == "pointwise" else dict(said)
    values["channels"] = (given[1], said["channels"][-1] if "channels" in said else given[1])
    values.update(input_size=given[2:], batch=given[0], dtype=dtype)
    usual = bool(flags.pop("bias", False))
    values["bias"] = said.get("bias", usual)
    spec = build_spec(values, len(given) - 2)
    return spec._replace(**flags) if flags else spec  # type: ignore[arg-type]  # FLAGS has their types


def is_token(word: str) -> bool:
    """Is it one for the spec, and none of the words that a layer line has beside them?"""
    return word == "bias" or not (word in FLAGS or word == "residual")


def _check(op: str, values: Values, tokens: list[str], given: Shape) -> None:
    for field, what in _OF_THE_INPUT.items():
        if field in values:
            raise Problem(f"{what} belongs to the input line", "leave it out: it follows from the line before", field)
    if "channels" in values and values["channels"][0] != given[1] and any(":" in t or "->" in t for t in tokens):
        message = f"the layer would take {values['channels'][0]} channels, and gets {given[1]}"
        raise Problem(message, f"write only the out channels: {values['channels'][1]}", "in_channels")
    if values.get("groups", 1) > 1 and op not in GROUPED:
        raise Problem(f"{op} has no groups of its own", f"write grouped instead of {op}", "groups")


def build_layer(op: str, spec: LayerSpec) -> Built:
    """The graph of variant `op`; Problem says why there is none. A depthwise layer may be transposed here."""
    if op == "depthwise" and spec.transposed:
        outer = spec.in_channels * spec.depth_multiplier
        op, spec = AS_GIVEN, spec._replace(groups=spec.in_channels, out_channels=outer, mid_channels=None)
    try:
        return build_variant(op, spec)
    except DoesNotApply as why:
        raise Problem(str(why), "change the layer, or the size that reaches it") from None


def layer_names() -> list[str]:
    """Every variant that a line can name, by all of its names."""
    return [*all_variants(), *other_names()]
