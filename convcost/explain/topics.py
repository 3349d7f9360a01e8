"""What can be explained, and the other names that people have for it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..spec import LayerSpec
from ..spec.tokens import WORDS
from ..variants.registry import DoesNotApply, all_variants, build_variant
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
    return [
        {"name": name, "summary": summary, "aliases": [alias for alias, topic in ALIASES.items() if topic == name]}
        for name, summary in summaries.items()
    ]


def names() -> list[str]:
    """Every topic and every alias."""
    return [*topics(), *ALIASES]


def read_words(words: list[str]) -> Asked:
    """Topics first, the layer after them; a word before the layer that is neither is a mistyped topic.

    >>> read_words(["dwsep", "pointwise", "64:128", "@56", "k3"])
    Asked(topics=['depthwise-separable', 'pointwise'], rest=['64:128', '@56', 'k3'], unknown=None)
    >>> read_words(["deptwise"]).unknown
    'deptwise'
    """
    found: list[str] = []
    for index, word in enumerate(words):
        name = ALIASES.get(word.lower(), word.lower())
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
    ((56,), True)
    """
    start = IDENTITY if {RESIDUAL, "basic-block", "residual-bottleneck", "inverted-residual"} & {*asked} else DEFAULT
    others = [start._replace(kernel_size=(3,) * n, input_size=(56,) * n, stride=(1,) * n, dilation=(1,) * n,
                             padding=((1, 1),) * n) for n in (1, 3)]  # fmt: skip
    return next((spec for spec in (start, *others) if all(applies(topic, spec) for topic in asked)), start)


def applies(topic: str, spec: LayerSpec) -> bool:
    """Does what is asked about exist for this layer? Of the shortcut: does a block with one?"""
    try:
        build_variant("basic-block" if topic == RESIDUAL else topic, spec)
    except DoesNotApply:
        return False
    return True
