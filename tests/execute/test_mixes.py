"""What operations mix, heard by disturbing one number at a time: by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.analysis import field
from convcost.execute.ones import mixes
from convcost.execute.ones.mixes import HEARD, SMALLER, measured_mixes, op_mixes
from convcost.graph import ops


def conv(inner: int, outer: int, kernel: ops.Ints, groups: int = 1, **fields: Any) -> ops.Conv:
    axes = len(kernel)
    op = ops.Conv(inner, outer, kernel, (1,) * axes, ((0, 0),) * axes, (1,) * axes, groups)
    return op._replace(**fields)


def pool(kernel: ops.Ints, stride: ops.Ints, pads: ops.Pads, **fields: Any) -> ops.Pool:
    return ops.Pool("max", kernel, stride, pads)._replace(**fields)


BOTH = ["space", "channels"]

MIXED: list[tuple[ops.Op, list[str] | None]] = [
    (conv(4, 6, (3,)), BOTH),
    (conv(4, 6, (1,)), ["channels"]),
    (conv(1, 6, (1,)), []),
    (conv(1, 6, (1, 2)), ["space"]),
    (conv(4, 4, (3, 3), 4), ["space"]),
    (conv(4, 4, (1, 1), 4), []),
    (conv(4, 8, (1, 1), 4), []),
    (conv(8, 4, (1, 1), 4), ["channels"]),
    (conv(2, 2, (2,), stride=(2,)), BOTH),
    (conv(1, 1, (2,), stride=(5,)), ["space"]),
    (conv(1, 1, (1,), stride=(5,)), []),
    (conv(1, 1, (3,), padding=((2, 1),), dilation=(4,), padding_mode="reflect", bias=True), ["space"]),
    (conv(1, 1, (3,), stride=(2,), transposed=True, output_padding=(1,)), ["space"]),
    (conv(1, 1, (2,), stride=(2,), transposed=True, output_padding=(0,)), ["space"]),  # one is heard at two
    (conv(2, 2, (1,), stride=(2,), transposed=True, output_padding=(0,)), ["channels"]),
    (conv(1, 1, (4,), stride=(3,), padding=((2, 1),), transposed=True, output_padding=(0,)), ["space"]),
    (ops.Linear(1, 5), []),
    (ops.Linear(2, 1), ["channels"]),
    (ops.Linear(7, 7), ["channels"]),
    (ops.LayerNorm(1), []),
    (ops.LayerNorm(2), ["channels"]),
    (ops.BatchNorm(9), []),
    (ops.Scale(9), []),
    (ops.Activation("relu"), []),
    (ops.Add(), []),
    (ops.Multiply(), []),
    (ops.Concat(), []),
    (ops.Split(0, 9), []),
    (ops.Shuffle(3), []),
    (ops.Flatten(), []),
    (pool((1,), (1,), ((0, 0),)), []),
    (pool((1,), (3,), ((0, 0),)), []),
    (pool((2,), (2,), ((0, 0),)), ["space"]),
    (pool((1, 3), (1, 2), ((0, 0), (1, 1))), ["space"]),
    (pool((2,), (1,), ((0, 0),), dilation=(3,)), ["space"]),
    (pool((3,), (2,), ((1, 0),), ceil_mode=True, kind="avg"), ["space"]),
    (ops.AdaptivePool("avg", (1, 1)), ["space"]),
    (ops.AdaptivePool("max", (7,)), ["space"]),
    (ops.Norm("group-norm", 6, 3), BOTH),
    (ops.Norm("group-norm", 6, 6), ["space"]),
    (ops.Norm("instance-norm", 6, 6), ["space"]),
    (ops.Norm("rms-norm", 6), ["channels"]),
    (ops.Norm("rms-norm", 1), []),
    (ops.Norm("softmax", 6, 1, False), ["channels"]),
    (ops.Norm("softmax", 6, 6, False), []),
    (ops.Upsample("nearest", (1, 1)), []),
    (ops.Upsample("nearest", (1, 2)), ["space"]),
    (ops.Upsample("bilinear", (2, 1)), ["space"]),
    (ops.Upsample("bilinear", (1,)), []),
    (ops.PixelShuffle((1, 1)), []),
    (ops.PixelShuffle((2, 1)), BOTH),
    (ops.Pad(((3, 1), (-1, 0))), []),
    (ops.Tokens(2, 9, 50), []),
    (ops.Attention(4, 8), BOTH),
    (ops.Counted("erf", (1, 3)), None),
]


@each(("op", "mixed"), MIXED, ids=str)
def test_an_operation_mixes_what_is_heard_together(op: ops.Op, mixed: list[str] | None) -> None:
    """Space: a position at several, or several at one; channels: several in one."""
    assert op_mixes(op) == mixed
    assert field.mixes(op) == (mixed or [])  # what is not executed is said to mix nothing


def test_a_graph_mixes_what_any_operation_mixes() -> None:
    """In one order; None where one of them is not executed."""
    nodes = (ops.Node("a", conv(4, 4, (1,)), (0,)), ops.Node("b", conv(4, 4, (3,), 4), (1,)))
    assert measured_mixes(ops.Graph((1, 4, 9), "fp32", nodes)) == BOTH
    assert measured_mixes(ops.Graph((1, 4, 9), "fp32", nodes[:1])) == ["channels"]
    counted = ops.Node("c", ops.Counted("erf", (1, 4, 9)), (2,))
    assert measured_mixes(ops.Graph((1, 4, 9), "fp32", (*nodes, counted))) is None


@each(
    ("op", "smaller"),
    [
        (conv(64, 128, (3,)), conv(2, 2, (3,))), (conv(64, 64, (3,), 64), conv(2, 2, (3,), 2)),
        (conv(64, 128, (3,), 16), conv(4, 4, (3,), 2)), (conv(1, 5, (3,), padding_mode="reflect"), conv(1, 2, (3,))),
        (ops.Linear(64, 128), ops.Linear(2, 2)), (ops.Linear(1, 1), ops.Linear(1, 1)),
        (ops.Norm("group-norm", 64, 8), ops.Norm("group-norm", 4, 2)),
        (ops.Norm("group-norm", 64, 64), ops.Norm("group-norm", 2, 2)),
        (ops.Norm("rms-norm", 64, 1), ops.Norm("rms-norm", 2, 1)),
        (ops.Norm("rms-norm", 1, 1), ops.Norm("rms-norm", 1, 1)),
        (ops.LayerNorm(64), ops.LayerNorm(4)), (ops.Scale(3), ops.Scale(3)),
        (ops.AdaptivePool("avg", (7, 1)), ops.AdaptivePool("avg", (2, 2))),
        (ops.Pad(((9, 9), (-5, 0)), "reflect"), ops.Pad(((1, 1), (1, 1)))),
    ],
    ids=str,
)  # fmt: skip
def test_few_channels_stand_for_all(op: ops.Op, smaller: ops.Op) -> None:
    """One where there is one, two where there are several: of groups, of channels in a group, of outputs."""
    assert SMALLER[type(op)](op) == smaller


@each(
    ("op", "size"),
    [
        (conv(1, 1, (3,)), (3,)),  # one window
        (conv(1, 1, (3,), stride=(2,)), (4,)),
        (conv(1, 1, (3,), stride=(4,)), (8,)),
        (conv(1, 1, (2,), stride=(2,), dilation=(3,)), (6,)),
        (conv(1, 1, (3, 1), stride=(1, 3)), (3, 3)),
        (conv(1, 1, (3,), padding=((5, 4),)), (3,)),
        (conv(1, 1, (3,), stride=(2,), padding=((2, 1),), transposed=True, output_padding=(0,)), (6,)),
        (pool((3,), (2,), ((1, 1),)), (4,)),
        (pool((3,), (1,), ((1, 1),), dilation=(2,)), (5,)),
        (ops.AdaptivePool("avg", (1, 3)), (3, 7)),
        (ops.Upsample("nearest", (2,)), (3,)),
        (ops.PixelShuffle((2, 2)), (3, 4)),
        (ops.Pad(((0, 1),) * 3), (3, 4, 5)),
        (ops.Linear(2, 2), (3, 4)),
    ],
    ids=str,
)
def test_an_operation_is_tried_where_one_output_sees_no_border(op: ops.Op, size: ops.Ints) -> None:
    """Its span and a stride less one, so that one of all places is met, filled up to whole strides."""
    assert mixes._roomy(op) == size


def heard(op: Any, given: Any) -> Any:
    made = HEARD[type(op)](op, np.array(given, np.uint8))
    assert made is not None
    return made.tolist()


@each(
    ("op", "given", "made"),
    [
        (conv(2, 2, (2,)), [[[0, 0], [0, 1], [0, 0]]], [[[1, 1], [1, 1]]]),
        (conv(2, 4, (2,), 2), [[[0, 0], [0, 1], [0, 0]]], [[[0, 0, 1, 1], [0, 0, 1, 1]]]),
        (conv(1, 1, (2,), padding=((1, 0),), padding_mode="circular"), [[[0], [0], [1]]], [[[0], [0], [1]]]),
        (conv(1, 2, (2,), stride=(2,), transposed=True, output_padding=(1,)), [[[0], [1]]],
         [[[0, 0], [0, 0], [1, 1], [1, 1], [0, 0]]]),
        (ops.Linear(3, 2), [[[0, 1, 0], [0, 0, 0]]], [[[1, 1], [0, 0]]]),
        (ops.LayerNorm(3), [[[0, 1, 0], [0, 0, 0]]], [[[1, 1, 1], [0, 0, 0]]]),
        (pool((2,), (2,), ((1, 0),)), [[[1], [0], [0]]], [[[1], [0]]]),
        (pool((2,), (2,), ((1, 0),)), [[[0], [1], [0]]], [[[0], [1]]]),
        (pool((2,), (1,), ((0, 0),), dilation=(2,)), [[[0], [0], [1], [0]]], [[[1], [0]]]),
        (pool((3,), (1,), ((3, 0),), dilation=(2,)), [[[0], [1], [0]]], [[[1], [0]]]),
        (pool((3,), (1,), ((3, 0),), dilation=(2,)), [[[0], [0], [1]]], [[[0], [1]]]),
        (pool((1,), (1,), ((1, 1),)), [[[1], [1]]], [[[0], [1], [1], [0]]]),
        (pool((2,), (2,), ((0, 0),), ceil_mode=True), [[[0], [0], [1]]], [[[0], [1]]]),
        (pool((1, 2), (1, 1), ((0, 0), (0, 0))), [[[[0], [1], [0]], [[0], [0], [0]]]], [[[[1], [1]], [[0], [0]]]]),
        (ops.AdaptivePool("avg", (2,)), [[[0], [0], [1], [0], [0]]], [[[1], [1]]]),
        (ops.AdaptivePool("avg", (2,)), [[[0], [1], [0], [0], [0]]], [[[1], [0]]]),
        (ops.Concat(), [[[0, 1]]], [[[0, 1, 0, 0]]]),
        (ops.Split(1, 3), [[[1, 0, 1, 0]]], [[[0, 1]]]),
        (ops.Shuffle(2), [[[0, 1, 0, 0, 0, 0]]], [[[0, 0, 1, 0, 0, 0]]]),
        (ops.Flatten(), [[[0, 1], [1, 0]]], [[0, 1, 1, 0]]),
        (ops.Tokens(0, 2, 2), [[[0, 1], [1, 0]]], [[0, 1, 1, 0]]),
        (ops.Norm("group-norm", 4, 2), [[[0, 1, 0, 0], [0, 0, 0, 0]]], [[[1, 1, 0, 0], [1, 1, 0, 0]]]),
        (ops.Norm("rms-norm", 4, 1), [[[0, 1, 0, 0], [0, 0, 0, 0]]], [[[1, 1, 1, 1], [0, 0, 0, 0]]]),
        (ops.Upsample("nearest", (2,)), [[[0], [1], [0]]], [[[0], [0], [1], [1], [0], [0]]]),
        (ops.Upsample("bilinear", (2,)), [[[0], [1], [0]]], [[[0], [1], [1], [1], [1], [0]]]),
        (ops.Upsample("bilinear", (1,)), [[[0], [1], [0]]], [[[0], [1], [0]]]),
        (ops.Upsample("bilinear", (1, 2)), [[[[0], [1]], [[0], [0]]]], [[[[0], [1], [1], [1]], [[0]] * 4]]),
        (ops.PixelShuffle((2, 2)), [[[[0, 1, 0, 0]]]], [[[[0], [1]], [[0], [0]]]]),
        (ops.PixelShuffle((1, 2)), [[[[0, 0, 1, 0]]]], [[[[0, 1], [0, 0]]]]),
        (ops.PixelShuffle((3,)), [[[0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0]]],
         [[[0, 0], [0, 0], [1, 0], [0, 1], [0, 0], [0, 0]]]),
        (ops.Pad(((1, 2),)), [[[1]]], [[[0], [1], [0], [0]]]),
        (ops.Activation("relu"), [[[0, 1]]], [[[0, 1]]]),
        # queries, keys and values, two of each: one's own query, every key, the values of one's own channel
        (ops.Attention(1, 2), [[[0, 1, 0, 0, 0, 0], [0] * 6]], [[[1, 1], [0, 0]]]),
        (ops.Attention(1, 2), [[[0, 0, 0, 1, 0, 0], [0] * 6]], [[[1, 1], [1, 1]]]),
        (ops.Attention(1, 2), [[[0, 0, 0, 0, 0, 1], [0] * 6]], [[[0, 1], [0, 1]]]),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_is_heard_behind_an_operation_by_hand(op: Any, given: Any, made: Any) -> None:
    """Arrays are (batch, *spatial, channels)."""
    assert heard(op, given) == made


@pytest.mark.parametrize("name", ["MOST_NUMBERS", "MOST_ADDITIONS"])
def test_nothing_too_large_is_tried(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five disturbances of 5 by 3 positions and 2 channels; of 5 by 3 taps."""
    least = 5 * 15 * 2 * (15 if name == "MOST_ADDITIONS" else 1)
    mixes._mixes.cache_clear()
    monkeypatch.setattr(mixes, name, least)
    assert op_mixes(conv(2, 2, (5, 3))) == BOTH
    mixes._mixes.cache_clear()
    monkeypatch.setattr(mixes, name, least - 1)
    assert op_mixes(conv(2, 2, (5, 3))) is None
    mixes._mixes.cache_clear()
