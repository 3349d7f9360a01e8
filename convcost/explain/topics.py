"""What can be explained, and the other names that people have for it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..spec import LayerSpec
from ..spec.tokens import WORDS
from ..variants.registry import RESIDUAL_BLOCK, DoesNotApply, all_variants, build_variant, other_names
from .lessons import IDENTITY

RESIDUAL = "residual"

#: Other names, as papers, frameworks and students have them.
ALIASES = {
    "1x1": "pointwise",
    "conv1x1": "pointwise",
    "pw": "pointwise",
    "dw": "depthwise",
    "dwsep": "depthwise-separable",
    "separable": "depthwise-separable",
    "mobilenet": "depthwise-separable",
    "xception": "depthwise-separable",
    "spatial": "spatially-separable",
    "asymmetric": "spatially-separable",
    "inception": "spatially-separable",
    "simple": "standard",
    "conv": "standard",
    "convolution": "standard",
    "group": "grouped",
    "resnext": "grouped",
    "mobilenetv2": "inverted-residual",
    "resnet": RESIDUAL,
    "shortcut": RESIDUAL,
    "skip": RESIDUAL,
}

#: The layer where none is given.
DEFAULT = LayerSpec(64, 128, (3, 3), (56, 56), padding=((1, 1), (1, 1)))


class Asked(NamedTuple):
    """What a command line asks for: topics by their own names, the rest of the words, a name that is none."""

    topics: list[str]
    rest: list[str]
    unknown: str | None = None


def topics() -> list[str]:
    """Every topic by its own name.

    >>> topics()[0], topics()[-1]
    ('standard', 'residual')
    """
    return [*all_variants(), RESIDUAL]


def described() -> list[dict[str, Any]]:
    """Every topic with what it is and its other names.

    >>> described()[-1]["aliases"]
    ['resnet', 'shortcut', 'skip']
    """
    summaries = {name: variant.summary for name, variant in all_variants().items()}
    summaries[RESIDUAL] = "y = F(x, W) + x: cost and measured benefits"
    others = {**other_names(), **ALIASES}
    return [
        {"name": name, "summary": summary, "aliases": [alias for alias, topic in others.items() if topic == name]}
        for name, summary in summaries.items()
    ]


def names() -> list[str]:
    """Every topic and every other name of one."""
    return [*topics(), *other_names(), *ALIASES]


def read_words(words: list[str]) -> Asked:
    """Topics first, the layer after them; a word before the layer that is neither is a mistyped topic.

    >>> read_words(["dwsep", "pointwise", "64:128", "@56", "k3"])
    Asked(topics=['depthwise-separable', 'pointwise'], rest=['64:128', '@56', 'k3'], unknown=None)
    >>> read_words(["deptwise"]).unknown
    'deptwise'
    """
    found, others = list[str](), {**other_names(), **ALIASES}
    for index, word in enumerate(words):
        name = others.get(word.lower(), word.lower())
        if name in topics():
            found.append(name)
        elif not found or (word.replace("-", "").isalpha() and word not in WORDS):
            return Asked(found, words[index:], word)
        else:
            return Asked(list(dict.fromkeys(found)), words[index:])
    return Asked(list(dict.fromkeys(found)), [])


def default_layer(asked: list[str]) -> LayerSpec:
    """The layer where none is given: one that a shortcut fits, where the topic has one, of as many axes as it needs.

    >>> default_layer(["tcn"]).input_size, default_layer(["pointwise"]) == DEFAULT
    ((3136,), True)
    """
    known = all_variants()
    blocks = [name for name in asked if name == RESIDUAL or known[name].role == RESIDUAL_BLOCK]
    start = IDENTITY if blocks else DEFAULT
    others = (_over(start, size) for size in ((3136,), (16, 56, 56)))
    return next((spec for spec in (start, *others) if all(applies(topic, spec) for topic in asked)), start)


def _over(spec: LayerSpec, size: tuple[int, ...]) -> LayerSpec:
    """The same over a length, or over frames."""
    ones, pads = (1,) * len(size), ((1, 1),) * len(size)
    kernel, none = tuple([3 * n for n in ones]), tuple([0 * n for n in ones])
    return spec._replace(
        kernel_size=kernel, input_size=size, stride=ones, padding=pads, dilation=ones, output_padding=none
    )


def applies(topic: str, spec: LayerSpec) -> bool:
    """Does what is asked about exist for this layer? Of the shortcut: does a block with one?"""
    try:
        build_variant("basic-block" if topic == RESIDUAL else topic, spec)
    except DoesNotApply:
        return False
    return True
