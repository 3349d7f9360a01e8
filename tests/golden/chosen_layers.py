"""Which layers and blocks make_layers.py looks at: out of papers, at the corners, and seeded random ones."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import torch
from pytorch_modules import CHAINS, Fields, build, per_axis

#: Layers out of papers, one a row: in, out, kernel, stride, padding, groups, size.
KNOWN = (
    (3, 64, 7, 2, 3, 1, 112), (64, 64, 3, 1, 1, 1, 56), (64, 128, 3, 1, 1, 1, 56), (64, 128, 3, 2, 1, 1, 56),
    (512, 512, 3, 1, 1, 1, 14), (384, 384, 3, 1, 1, 1, 14), (384, 384, 3, 1, 1, 1, 10), (512, 512, 3, 1, 1, 512, 14),
    (512, 512, 1, 1, 0, 1, 14), (256, 64, 1, 1, 0, 1, 28), (64, 256, 1, 1, 0, 1, 28), (128, 128, 3, 1, 1, 32, 28),
    (96, 256, 5, 1, 2, 2, 27), (3, 96, 11, 4, 0, 1, 227), (3, 32, 3, 2, 1, 1, 96), (144, 144, 3, 2, 1, 144, 28),
    (240, 240, 5, 1, 2, 240, 14), (96, 96, 7, 1, 3, 96, 28), (3, 96, 4, 4, 0, 1, 64), (3, 64, 16, 16, 0, 1, 64),
)  # fmt: skip


#: Where little or nothing of the data is met, and where the forms of output padding end.
CORNERS: tuple[Fields, ...] = (
    {"in_channels": 2, "out_channels": 3, "kernel_size": [1], "input_size": [1], "stride": 5, "padding": 3},
    {"in_channels": 2, "out_channels": 3, "kernel_size": [1, 2], "input_size": [1, 1], "stride": [5, 1], "padding": 3},
    {"in_channels": 1, "out_channels": 1, "kernel_size": [2, 3], "input_size": [1, 4], "padding": [2, 4],
     "dilation": 4},
    {"in_channels": 1, "out_channels": 1, "kernel_size": [1, 1, 1], "input_size": [1, 1, 1], "padding": 0},
    {"in_channels": 3, "out_channels": 2, "kernel_size": [9, 1], "input_size": [1, 1], "padding": [4, 0], "bias": True},
    {"in_channels": 2, "out_channels": 2, "kernel_size": [1], "input_size": [2], "stride": 3, "padding": 1,
     "transposed": True},
    {"in_channels": 2, "out_channels": 4, "kernel_size": [1, 3], "input_size": [2, 3], "stride": [3, 2],
     "padding": [1, 1], "transposed": True, "output_padding": [0, 1], "groups": 2},
    {"in_channels": 1, "out_channels": 2, "kernel_size": [2, 2], "input_size": [3, 2], "stride": 1, "padding": 0,
     "dilation": [4, 3], "transposed": True, "output_padding": [3, 2], "bias": True},
    {"in_channels": 8, "out_channels": 4, "kernel_size": [3, 3], "input_size": [8, 8], "stride": 2, "padding": 1,
     "transposed": True, "output_padding": 1},
    {"in_channels": 8, "out_channels": 8, "kernel_size": [3, 3], "input_size": [8, 8], "stride": 2, "padding": 1,
     "transposed": True, "output_padding": 1, "groups": 8},
)  # fmt: skip


def known_layers() -> Iterator[Fields]:
    """KNOWN and CORNERS as specs."""
    for cin, cout, k, s, p, g, n in KNOWN:
        yield spec_of(
            in_channels=cin, out_channels=cout, kernel_size=[k, k], input_size=[n, n],
            stride=s, padding=p, groups=g,
        )  # fmt: skip
    yield from CORNERS


#: What a JSON spec need not say.
DEFAULTS: Fields = {
    "stride": 1, "dilation": 1, "groups": 1, "bias": False, "batch": 1, "padding_mode": "zeros", "transposed": False,
    "output_padding": 0,
}  # fmt: skip


def spec_of(**fields: Any) -> Fields:
    """The fields without those that say what is understood."""
    return {name: value for name, value in fields.items() if DEFAULTS.get(name, None) != value}


def one_or_each(rng: random.Random, axes: int, choices: list[int]) -> int | list[int]:
    """One integer for all axes, or one an axis: both forms are read."""
    return rng.choice(choices) if rng.random() < 0.4 else [rng.choice(choices) for _ in range(axes)]


def channels_of(rng: random.Random) -> tuple[int, int, int]:
    """in, out and groups: plain, grouped, depthwise, or depthwise with a multiplier."""
    kind = rng.choice(("plain", "plain", "grouped", "depthwise", "multiplied"))
    if kind == "plain":
        return rng.randint(1, 12), rng.randint(1, 12), 1
    if kind == "grouped":
        g = rng.choice((2, 3, 4, 5))
        return g * rng.randint(1, 4), g * rng.randint(1, 4), g
    channels = rng.randint(2, 10)
    return channels, channels * (rng.randint(2, 3) if kind == "multiplied" else 1), channels


def random_spec(rng: random.Random, axes: int, family: str) -> Fields:
    """A layer of one family; that it can exist is seen by running it."""
    cin, cout, groups = channels_of(rng)
    sizes = {1: (4, 40), 2: (4, 24), 3: (3, 9)}[axes]
    kernels = {1: [1, 2, 3, 4, 5, 7, 9], 2: [1, 2, 3, 4, 5, 7], 3: [1, 2, 3, 4]}[axes]
    fields: Fields = {
        "in_channels": cin, "out_channels": cout, "kernel_size": [rng.choice(kernels) for _ in range(axes)],
        "input_size": [rng.randint(*sizes) for _ in range(axes)],
        "stride": one_or_each(rng, axes, [1, 1, 2, 2, 3, 4]), "padding": one_or_each(rng, axes, [0, 1, 1, 2, 3]),
        "dilation": one_or_each(rng, axes, [1, 1, 1, 2, 3]), "groups": groups, "bias": rng.random() < 0.5,
        "batch": rng.choice((1, 1, 2, 3)),
    }  # fmt: skip
    fields.update(family_fields(rng, axes, family))
    return spec_of(**fields)


def family_fields(rng: random.Random, axes: int, family: str) -> Fields:
    """What sets a family apart."""
    same = {"padding": "same", "stride": 1}
    if family == "named":
        return same if rng.random() < 0.7 else {"padding": "valid"}
    if family == "mode":
        return {"padding_mode": rng.choice(MODES), **(same if rng.random() < 0.2 else {})}
    if family == "pairs":
        return {"padding": [[rng.randint(0, 3), rng.randint(0, 3)] for _ in range(axes)]}
    if family == "strided same":
        return {"padding": rng.choice(("same", "same-upper")), "stride": one_or_each(rng, axes, [2, 3])}
    if family == "transposed":
        return {"transposed": True, "output_padding": one_or_each(rng, axes, [0, 0, 1, 2])}
    return {}


MODES = ("reflect", "replicate", "circular")

#: How many layers of each family on 1, 2 and 3 axes.
COUNTS = {
    "plain": (30, 110, 30), "named": (8, 16, 8), "mode": (15, 30, 15), "pairs": (5, 12, 5), "strided same": (6, 20, 6),
    "transposed": (30, 70, 30),
}  # fmt: skip


def random_layers(rng: random.Random) -> Iterator[Fields]:
    for family, counts in COUNTS.items():
        for axes, wanted in enumerate(counts, 1):
            made = 0
            while made < wanted:
                spec = random_spec(rng, axes, family)
                try:
                    module = build(spec)
                    module(torch.ones((1, spec["in_channels"], *spec["input_size"]), dtype=torch.float64))
                except (RuntimeError, ValueError):
                    continue  # PyTorch says that there is no such layer
                made += 1
                yield spec


def blocks(rng: random.Random) -> Iterator[tuple[str, Fields]]:
    """Every kind of block, with BatchNorm and activation on and off, on one to three axes where it exists."""
    for variant, turn in itertools.product((*CHAINS, "inverted-residual", "depthwise", "pointwise"), range(10)):
        axes = (2, 2, 2, 1, 3)[turn % 5]
        if variant == "spatially-separable" and axes == 1:
            axes = 3
        fields = block_fields(rng, axes, turn, variant in ("basic-block", "residual-bottleneck", "inverted-residual"))
        spec = {**spec_of(**fields), **own_fields(rng, variant, turn, fits=keeps_size(fields))}
        if turn & 1:
            spec["norm"] = True
        if turn & 2:
            spec["activation"] = ("relu", "relu6")[turn & 1]
        yield variant, spec
    yield from PAPERS


def block_fields(rng: random.Random, axes: int, turn: int, residual: bool) -> Fields:
    """A k x k for a block: every third one keeps size and channels; one has even kernels, one another border."""
    kernel = [rng.choice((3, 5) if axes < 3 else (3,)) for _ in range(axes)]
    dilation = one_or_each(rng, axes, [1, 1, 2])
    keeping: Any = [d * (k - 1) // 2 for k, d in zip(kernel, per_axis(dilation, axes))]
    if turn == 6:
        kernel, keeping = [rng.choice((2, 4)) for _ in range(axes)], "same"
    channels = [8 * rng.randint(1, 4) for _ in range(2)]
    return {
        "in_channels": channels[0], "out_channels": channels[turn % 3 > 0], "kernel_size": kernel,
        "input_size": [rng.randint(9, 20) if axes < 3 else rng.randint(9, 12) for _ in range(axes)],
        "stride": one_or_each(rng, axes, [1, 2]) if turn % 3 else 1,
        "padding": keeping if residual or turn % 2 or turn in (0, 6) else [rng.randint(0, 2) for _ in range(axes)],
        "dilation": dilation, "bias": rng.random() < 0.4, "batch": rng.choice((1, 2)),
        "padding_mode": rng.choice(("reflect", "circular")) if turn == 8 else "zeros",
    }  # fmt: skip


def own_fields(rng: random.Random, variant: str, turn: int, fits: bool) -> Fields:
    """The fields that shape one variant only, and a shortcut on some of the replacements that it fits."""
    replacement = variant in ("standard", "grouped", "depthwise-separable", "spatially-separable", "bottleneck")
    own: Fields = {"residual": True} if replacement and fits and turn in (0, 1, 3, 6, 7) else {}
    if variant == "grouped":
        own["groups"] = rng.choice((2, 4, 8))
    if variant in ("depthwise-separable", "depthwise") and turn % 2:
        own["depth_multiplier"] = rng.randint(2, 3)
    if variant == "spatially-separable" and turn % 2:
        own["mid_channels"] = rng.randint(3, 20)
    if variant == "inverted-residual" and turn % 4:
        own["expansion_ratio"] = (1, 2, 3)[turn % 4 - 1]
    if variant.endswith("bottleneck"):
        kinds = ({}, {"v1": True}, {"mid_channels": 12, "groups": 4}, {"bottleneck_ratio": 2}, {"groups": 2})
        own.update(kinds[turn % 5])
    return own


def keeps_size(fields: Fields) -> bool:
    """Whether the padding is the one with which a shortcut fits at any stride."""
    axes = len(fields["kernel_size"])
    spread = zip(fields["kernel_size"], per_axis(fields["dilation"], axes))
    return fields["padding"] in ("same", [d * (k - 1) // 2 for k, d in spread])


def paper(variant: str, cin: int, cout: int, size: int, stride: int = 1, **more: Any) -> tuple[str, Fields]:
    fields = spec_of(
        in_channels=cin, out_channels=cout, kernel_size=[3, 3], input_size=[size, size], stride=stride, padding=1
    )
    return variant, {**fields, **more}


#: Blocks as their papers have them.
PAPERS = (
    paper("basic-block", 64, 64, 56, norm=True, activation="relu"),
    paper("basic-block", 64, 128, 56, 2, norm=True, activation="relu"),
    paper("residual-bottleneck", 256, 256, 28, norm=True, activation="relu"),
    paper("residual-bottleneck", 256, 512, 28, 2, norm=True, activation="relu"),
    paper("residual-bottleneck", 256, 512, 28, 2, norm=True, activation="relu", v1=True),
    paper("residual-bottleneck", 256, 256, 28, norm=True, activation="relu", mid_channels=128, groups=32),
    paper("depthwise-separable", 512, 512, 14, norm=True, activation="relu"),
    paper("inverted-residual", 24, 24, 28, norm=True, activation="relu6"),
    paper("inverted-residual", 24, 32, 28, 2, norm=True, activation="relu6"),
    paper("inverted-residual", 32, 16, 56, norm=True, activation="relu6", expansion_ratio=1),
    paper("bottleneck", 256, 256, 28),
    paper("standard", 64, 128, 56, norm=True, activation="relu"),
)
