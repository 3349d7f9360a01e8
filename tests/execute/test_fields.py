"""Receptive fields as an execution hears them: by hand, axis by axis, and where trying ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tables import each

from convcost.execute.ones import fields
from convcost.execute.ones.fields import heard_fields, measured_field, measured_op_field
from convcost.graph import ops


def conv(k: int, s: int = 1, d: int = 1, p: int = 0, *, extra: int | None = None) -> ops.Conv:
    turned, longer = extra is not None, () if extra is None else (extra,)
    return ops.Conv(1, 1, (k,), (s,), ((p, p),), (d,), transposed=turned, output_padding=longer)


def chain(*given: Any, size: tuple[int, ...] = (9,)) -> ops.Graph:
    return ops.Graph((1, 1, *size), "fp32", tuple([ops.Node(f"op{i}", op, (i,)) for i, op in enumerate(given)]))


GATED = ops.Graph((1, 1, 9), "fp32", (
    ops.Node("conv", conv(3, p=1), (0,)), ops.Node("mean", ops.AdaptivePool("avg", (1,)), (1,)),
    ops.Node("gate", ops.Multiply(), (1, 2)), ops.Node("next", conv(5, p=2), (3,)),
))  # fmt: skip

BY_HAND = {
    "one kernel": (chain(conv(3)), (3,)),
    "a kernel of one": (chain(conv(1, 3)), (1,)),
    "dilated": (chain(conv(3, 1, 4)), (9,)),
    "strides multiply": (chain(conv(3, 2), conv(3, 2), conv(3)), (15,)),
    "a pool between": (chain(conv(3, 2), ops.Pool("max", (2,), (2,), ((0, 0),)), conv(2)), (9,)),
    "transposed": (chain(conv(5, 2, extra=0)), (3,)),
    "transposed with holes": (chain(conv(1, 3, extra=0)), (1,)),
    "transposed, then three of them": (chain(conv(2, 2, extra=0), conv(3)), (2,)),
    "all of it": (chain(conv(3, p=1), ops.AdaptivePool("avg", (1,))), (11,)),
    "shares of it": (chain(ops.AdaptivePool("max", (2,)), size=(5,)), (3,)),
    "a flatten": (chain(conv(3, p=1), ops.Flatten(), size=(4,)), (6,)),
    "a gate": (GATED, (13,)),  # 9 and one on either side; the next of two more
    "two axes": (chain(ops.Conv(1, 1, (3, 5), (2, 1), ((0, 0), (0, 0)), (1, 2)), size=(9, 12)), (3, 9)),
    "longer than the first margin": (chain(conv(3, 1, 150)), (301,)),
}


@each("name", BY_HAND)
def test_fields_by_hand(name: str) -> None:
    graph, expected = BY_HAND[name]
    assert measured_field(graph) == expected


@each(
    ("op", "size", "expected"),
    [
        (conv(4, 3), (9,), (4,)), (conv(4), (2,), (4,)), (ops.Norm("group-norm", 4, 2), (3, 5), (3, 5)),
        (ops.Norm("rms-norm", 4), (3, 5), (1, 1)), (ops.Attention(1, 4), (6,), (6,)), (ops.Tokens(0, 4, 6), (6,), (6,)),
        (ops.Upsample("nearest", (2,)), (6,), (1,)), (ops.Upsample("bilinear", (2,)), (6,), (2,)),
        (ops.Counted("erf", (1, 1, 4), in_place=True), (4,), (1,)), (ops.Counted("sum", (1, 1, 4)), (4,), None),
        (ops.Linear(3, 4), (), ()),
    ],
    ids=str,
)  # fmt: skip
def test_fields_of_one_operation_by_hand(op: ops.Op, size: ops.Ints, expected: ops.Ints | None) -> None:
    assert measured_op_field(op, size) == expected


def test_layers_that_differ_in_channels_are_followed_once() -> None:
    """In bias, groups and what a border is copied from, too; not in a size that matters."""
    fields._field.cache_clear()
    one = ops.Conv(4, 8, (3,), (1,), ((1, 1),), (1,))
    for op in (one, one._replace(in_channels=6, out_channels=2, groups=2, bias=True, padding_mode="reflect")):
        assert measured_op_field(op, (9,)) == (3,)
    assert fields._field.cache_info()[:2] == (1, 1)
    pools = [measured_op_field(ops.AdaptivePool("avg", (1,)), (size,)) for size in (5, 6)]
    assert pools == [(5,), (6,)]


#: Along the second axis something is otherwise than along the first: what is heard there.
SECOND: dict[str, tuple[tuple[Any, ...], tuple[int, int], tuple[int, int]]] = {
    "kernel": ((ops.Conv(1, 1, (3, 5), (1, 1), ((0, 0), (0, 0)), (1, 1)),), (9, 9), (3, 5)),
    "dilation": ((ops.Conv(1, 1, (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 2)),), (9, 9), (3, 5)),
    "stride": ((ops.Conv(1, 1, (1, 1), (1, 2), ((0, 0), (0, 0)), (1, 1)),
                ops.Pool("max", (2, 2), (1, 1), ((0, 0),) * 2)), (9, 9), (2, 3)),
    "padding": ((ops.Conv(1, 1, (3, 3), (1, 1), ((0, 0), (1, 1)), (1, 1)), ops.Flatten()), (4, 4), (4, 6)),
    "output size": ((ops.AdaptivePool("avg", (2, 4)),), (8, 8), (4, 2)),
    "factor": ((ops.Upsample("nearest", (1, 2)), ops.Pool("max", (3, 3), (1, 1), ((0, 0),) * 2)), (9, 9), (3, 2)),
    "output padding": ((ops.Conv(1, 1, (4, 4), (2, 2), ((0, 0), (0, 0)), (1, 1), 1, False, "zeros", True, (0, 1)),
                        ops.Flatten()), (2, 2), (4, 5)),
    "input": ((ops.AdaptivePool("avg", (1, 1)),), (4, 6), (4, 6)),
    "nothing": ((ops.Conv(1, 1, (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)),), (9, 9), (3, 3)),
}  # fmt: skip


@each("name", SECOND)
def test_an_axis_is_followed_by_itself_where_it_is_otherwise(name: str) -> None:
    given, size, expected = SECOND[name]
    assert heard_fields(chain(*given, size=size), {0: size})[-1] == expected


def test_only_an_axis_that_is_otherwise_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three axes, of which the second is like the first and the third is not."""
    followed = list[int]()
    sound = fields._heard_along
    monkeypatch.setattr(fields, "_heard_along", lambda *given: followed.append(given[1]) or sound(*given))
    op = ops.Conv(1, 1, (3, 3, 5), (1, 1, 1), ((0, 0),) * 3, (1, 1, 1))
    assert heard_fields(chain(op, size=(7, 7, 7)), {0: (7, 7, 7)}) == [(3, 3, 5)]
    assert followed == [0, 2]


def test_a_counted_operation_may_differ_along_an_axis() -> None:
    """It has another axis of positions only along the second."""
    graph = ops.Graph((1, 1, 4, 4), "fp32", (
        ops.Node("mask", ops.Counted("input", (1, 1, 4, 1)), ()),
        ops.Node("gate", ops.Multiply(), (0, 1)),
    ))  # fmt: skip
    assert heard_fields(graph, {0: (4, 4), 1: (4, 1)}) == [None, (1, 1)]
    assert heard_fields(graph, {0: (4, 4), 1: (4, 1)}, 1) == [(1, 1), (1, 1)]


def test_each_input_is_heard_by_itself() -> None:
    """Through a convolution the first, as it is the second; behind both either."""
    nodes = (ops.Node("mask", ops.Counted("input", (1, 1, 9)), ()), ops.Node("conv", conv(3, p=1), (0,)),
             ops.Node("add", ops.Add(), (2, 1)), ops.Node("next", conv(5), (3,)))  # fmt: skip
    graph = ops.Graph((1, 1, 9), "fp32", nodes)
    assert heard_fields(graph, {0: (9,), 1: (9,)}) == [None, (3,), (3,), (7,)]
    assert heard_fields(graph, {0: (9,), 1: (9,)}, 1) == [(1,), None, (1,), (5,)]


def test_a_value_that_is_read_again_is_kept_until_then() -> None:
    """By the gate behind the mean of it, and by two that follow."""
    assert heard_fields(GATED, {0: (9,)}) == [(3,), (11,), (11,), (13,)]
    nodes = (ops.Node("a", conv(3, p=1), (0,)), ops.Node("b", conv(5, p=2), (0,)), ops.Node("c", conv(3, p=1), (1,)),
             ops.Node("add", ops.Add(), (1, 2)), ops.Node("again", ops.Add(), (0, 4)))  # fmt: skip
    assert heard_fields(ops.Graph((1, 1, 9), "fp32", nodes), {0: (9,)}) == [(3,), (5,), (5,), (5,), (5,)]


def test_a_field_is_found_up_to_half_of_the_longest_input() -> None:
    """2 taps 131071 apart, and no further."""
    assert measured_op_field(conv(2, 1, 131_071), (9,)) == (131_072,)
    assert measured_op_field(conv(2, 1, 131_072), (9,)) is None


def test_what_is_not_executed_is_not_heard_nor_what_follows_it() -> None:
    graph = chain(conv(3), ops.Counted("resize", (1, 1, 9)), conv(3))
    assert heard_fields(graph, {0: (9,)}) == [(3,), None, None]
    assert measured_field(graph) is None


def test_an_input_without_positions_is_heard_nowhere() -> None:
    nodes = (ops.Node("one", ops.Linear(3, 3), (0,)), ops.Node("two", ops.Linear(3, 3), (1,)))
    graph = ops.Graph((1, 3), "fp32", nodes)
    assert heard_fields(graph, {0: ()}) == [None, None]


@pytest.fixture
def nothing_remembered() -> Iterator[None]:
    fields._field.cache_clear()
    yield
    fields._field.cache_clear()


@pytest.mark.usefixtures("nothing_remembered")
@pytest.mark.parametrize(
    ("name", "least", "op", "size", "field"),
    [
        ("MOST_LENGTH", 128, conv(3), 9, 3),  # 64 positions on either side of none
        ("MOST_ADDITIONS", 128 * (3 + 1), conv(3), 9, 3),
        ("MOST_LENGTH", 9 + 128, ops.AdaptivePool("avg", (1,)), 9, 9),
        ("MOST_ADDITIONS", (9 + 128) * 1, ops.AdaptivePool("avg", (1,)), 9, 9),
        ("MOST_LENGTH", 512, conv(3, 1, 100), 9, 201),  # twice as many again, and again
        ("FIRST_MARGIN", 6, conv(1, 6, extra=0), 9, 1),  # a rhythm as long as a margin
    ],
)
def test_a_field_is_tried_up_to_a_length_and_no_further(
    name: str, least: int, op: ops.Op, size: int, field: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, name, least)
    assert measured_op_field(op, (size,)) == (field,)
    fields._field.cache_clear()
    monkeypatch.setattr(fields, name, least - 1)
    assert measured_op_field(op, (size,)) is None


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("MOST_LENGTH", 9 + 2 * 64, 0), ("MOST_LENGTH", 9 + 2 * 70, 70), ("MOST_ADDITIONS", (9 + 2 * 64) * (3 + 1), 0),
        ("MOST_ADDITIONS", (9 + 2 * 70) * (3 + 1), 70),
    ],
)  # fmt: skip
def test_layers_are_heard_up_to_a_length_and_no_further(
    name: str, least: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a margin of 64, or of as much as is expected."""
    monkeypatch.setattr(fields, name, least)
    assert heard_fields(chain(conv(3)), {0: (9,)}, most=most) == [(3,)]
    monkeypatch.setattr(fields, name, least - 1)
    assert heard_fields(chain(conv(3)), {0: (9,)}, most=most) == [None]


def test_a_margin_that_is_too_small_is_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    """For all layers at once; what becomes too long on the way is heard no further."""
    margins = list[int]()
    sound = fields._heard_at
    monkeypatch.setattr(fields, "_heard_at", lambda *given: margins.append(given[-1]) or sound(*given))
    assert heard_fields(chain(conv(3), conv(3, 1, 150, 150)), {0: (9,)}) == [(3,), (303,)]
    assert margins == [64, 128, 256]
    monkeypatch.setattr(fields, "MOST_LENGTH", 9 + 2 * 64)
    grown = chain(conv(3), ops.Upsample("nearest", (2,)), conv(3))
    assert heard_fields(grown, {0: (9,)}) == [(3,), None, None]
