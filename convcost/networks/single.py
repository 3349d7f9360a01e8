"""One layer as a network of one operation: a spec, or a module of PyTorch that is no convolution, as it is printed."""

from __future__ import annotations

import re

from ..graph.ops import Counted, Graph, Node, Shape
from ..graph.shapes import ShapeError, check_shapes
from ..spec import SpecError, parse_spec
from ..spec.errors import Problem
from ..variants.registry import AS_GIVEN, build_variant
from .build import Network
from .input import read_shape
from .primitives import make_primitive
from .printed_layers import Arguments, Misfit, Unplaced, counted_layer, layer_words, printed_arguments

_MODULE = re.compile(r"\s*(?:\([^()\s]*\)\s*:\s*|[\w.]+\s*[:=]\s*)?(?:\w+\.)*([A-Za-z]\w*)\s*\((.*)\)([^()]*)")
_SHAPE = re.compile(r"[(\[]\s*(\d{1,18}(?:\s*,\s*\d{1,18})*)\s*,?\s*[)\]]\s*")
_WORD_PADDING = re.compile(r"padding\s*=\s*['\"]?(same|valid)\b")

#: Which argument of a module is its number of channels.
_CHANNELS = {"BatchNorm": (0, "num_features"), "InstanceNorm": (0, "num_features"), "GroupNorm": (1, "num_channels"),
             "Linear": (0, "in_features")}  # fmt: skip


def read_single(text: str) -> Network:
    """The network of one layer; its facts say that it is a module.

    >>> read_single("64:128 @56 k3").graph.nodes[0].op.out_channels
    128
    >>> read_single("GroupNorm(4, 16) @28x20").graph.input_shape
    (1, 16, 28, 20)
    >>> read_single("Linear(in_features=64, out_features=10, bias=True)").shapes
    [(1, 64), (1, 10)]

    Raises SpecError for a line that is neither, or that lacks its input's size.
    """
    shape = next((one for one in _SHAPE.finditer(text) if one.end() == len(text) and ")" in text[: one.start()]), None)
    found = _MODULE.fullmatch(text[: shape.start()] if shape else text)
    if found is None or "conv" in found[1].lower() or found[1] == "Module":
        return _convolution(text)
    try:
        said = printed_arguments(found[2])
        given = tuple(map(int, shape[1].split(","))) if shape else _input_shape(found[1], said, found[3])
        return _network(text, found[1], said, given)
    except Unplaced as error:
        raise SpecError(str(error), "read are convolutions, norms, pools, activations …", text) from None
    except (ShapeError, Misfit, Problem) as error:
        raise SpecError(str(error), "the input must fit the module", text) from None


def _convolution(text: str) -> Network:
    spec = parse_spec(text)
    graph, _, shapes = build_variant(AS_GIVEN, spec)
    by_word = "(" in text and _WORD_PADDING.search(text)
    return Network(text.strip(), "", graph, shapes, facts=("conv=word",) if by_word else ())


def _input_shape(kind: str, said: Arguments, tokens: str) -> Shape:
    """What the tokens behind a module say of its input; a Linear alone takes one row."""
    axes = int(kind[-2]) if kind[-1:] == "d" and kind[-2:-1].isdigit() else None
    at = _CHANNELS.get(kind.removesuffix(f"{axes}d"))
    channels = said.get(*at) if at else None
    if kind == "Linear":
        axes, tokens = 0, tokens if "@" in tokens or "in=" in tokens else f"{tokens} @{channels}"
    elif channels and axes is None:
        axes = 2
    return read_shape(tokens, channels, axes)[0]


def _network(text: str, kind: str, said: Arguments, given: Shape) -> Network:
    """Dropout is nothing in evaluation, but some tools count it; of what else is nothing there is no network."""
    dropout = Counted("dropout", given, in_place=True) if kind.startswith("Dropout") else None
    op = dropout or counted_layer(kind, said, given)
    words = () if op else layer_words(kind, said, given)
    if not op and not words:
        raise Unplaced(f"{kind} does nothing in evaluation")
    made = ((op.kind, op),) if op else make_primitive(words[0], words[1:], given)
    nodes = tuple([Node(name or words[0], each, (number,)) for number, (name, each) in enumerate(made)])
    graph = Graph(given, "fp32", nodes)
    return Network(text.strip(), "", graph, check_shapes(graph), facts=())
