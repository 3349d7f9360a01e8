"""What is computed of sizes in plain Python is what the onnx package's own reference computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from random import Random
from typing import Any

import pytest
from tables import each

from convcost.networks.onnx.integers import BOOL, INT64, RULES, Plain, compute, plain_tensor

onnx = pytest.importorskip("onnx", reason="what is computed is held against onnx's own evaluator")
helper = onnx.helper

LARGE = 1 << 40

#: Makes a tensor of a generator's numbers.
Drawn = Callable[[Random], Plain]


def plain(of: Sequence[int], *shape: int, kind: int = INT64) -> Drawn:
    """Tensors of a shape, of these numbers: each time in five, of one at an end of them or around 0."""
    ends = [number for number in (of[0], of[-1], -1, 0, 1) if number in of]

    def number(random: Random) -> int:
        return random.choice(ends if random.random() < 0.2 else of)

    return lambda random: Plain(tuple([number(random) for _ in range(prod(shape))]), shape, kind)


def integers(*found: int) -> Drawn:
    """One list of integers."""
    return lambda _: Plain(found, (len(found),))


numbers = range(-LARGE, LARGE + 1)
nonzero = (-LARGE, -12_345_678_901, *range(-99, 0), *range(1, 100), 12_345_678_901, LARGE)
sizes = range(LARGE + 1)
truths = plain(range(2), 3, kind=BOOL)

#: Operation, attributes, inputs.
CASES: list[tuple[str, dict[str, Any], list[Drawn]]] = [
    *[(op, {}, [plain(numbers, *a), plain(numbers, *b)]) for op in ("Add", "Sub")
      for a, b in [((3,), (3,)), ((), (2, 3)), ((4,), (1,)), ((), ())]],
    ("Mul", {}, [plain(range(-9999, 10000), 2, 3), plain(numbers)]),
    ("Div", {}, [plain(sizes, 4), plain(range(1, 100), 4)]),
    ("Mod", {}, [plain(numbers, 4), plain(nonzero)]),
    ("Mod", {"fmod": 0}, [plain(numbers), plain(range(1, 100))]),
    ("Equal", {}, [plain(range(3), 5), plain(range(3), 5)]),
    ("Where", {}, [truths, plain(numbers, 3), plain(numbers)]),
    ("Cast", {"to": INT64}, [truths]),
    ("Cast", {"to": BOOL}, [plain(range(-2, 3), 2, 2)]),
    ("Concat", {"axis": 0}, [plain(numbers, 2), plain(numbers, 0), plain(numbers, 3)]),
    ("Concat", {"axis": -2}, [plain(numbers, 2, 3), plain(numbers, 1, 3)]),
    ("Constant", {"value_ints": [4, -1, 0]}, []),
    ("ConstantOfShape", {"value": helper.make_tensor("", INT64, [1], [7])}, [integers(2, 3)]),
    ("Expand", {}, [plain(numbers, 1), integers(2, 4)]),
    ("Flatten", {"axis": 1}, [plain(numbers, 2, 3)]),
    ("Gather", {"axis": 0}, [plain(numbers, 5), plain(range(-5, 5), 2, 2)]),
    ("Gather", {}, [plain(numbers, 5), plain(range(-5, 5))]),
    ("Identity", {}, [plain(numbers, 2)]),
    ("Reshape", {}, [plain(numbers, 6), integers(-1, 2)]),
    ("Slice", {}, [plain(numbers, 6), plain(range(-8, 9), 1), plain(range(-8, 9), 1)]),
    *[("Slice", {}, [plain(numbers, 4, 2), plain(range(-8, 9), 1), plain(range(-8, 9), 1), integers(axis),
                     plain((-3, -1, 1, 2), 1)]) for axis in (0, -2)],
    ("Slice", {}, [plain(numbers, 4, 2), integers(-1), integers(-(2**63)), integers(0), integers(-1)]),
    ("Squeeze", {}, [plain(numbers, 1), integers(0)]),
    ("Transpose", {"perm": [1, 0]}, [plain(numbers, 3, 2)]),
    ("Transpose", {}, [plain(numbers, 2, 4)]),
    ("Unsqueeze", {}, [plain(numbers), integers(0)]),
]  # fmt: skip

#: The same, where the reference is to be asked, or nobody knows.
REFUSED: list[tuple[str, dict[str, Any], list[Plain | None]]] = [
    ("Add", {}, [Plain((1, 2), (1, 2)), Plain((1, 2), (2, 1))]),
    ("Add", {}, [Plain((2**63 - 1,), ()), Plain((1,), ())]),
    ("Div", {}, [Plain((-7,), ()), Plain((2,), ())]),
    ("Div", {}, [Plain((7,), ()), Plain((0,), ())]),
    ("Mod", {}, [Plain((7,), ()), Plain((0,), ())]),
    ("Mod", {"fmod": 1}, [Plain((-7,), ()), Plain((2,), ())]),
    ("Concat", {"axis": 1}, [Plain((1, 2), (2, 1)), Plain((3, 4), (2, 1))]),
    ("ConstantOfShape", {}, [Plain((2,), (1,))]),
    ("ConstantOfShape", {"value": helper.make_tensor("", 1, [1], [0.5])}, [Plain((2,), (1,))]),
    ("Cast", {"to": 1}, [Plain((2,), (1,))]),
    ("Gather", {}, [Plain((1, 2, 3, 4), (2, 2)), Plain((0,), ())]),
    ("Gather", {}, [Plain((1, 2), (2,)), Plain((2,), ())]),
    ("Slice", {}, [Plain((1, 2, 3, 4), (2, 2)), Plain((0,), (1,)), Plain((1,), (1,)), Plain((1,), (1,))]),
    ("Slice", {}, [Plain((1, 2, 3, 4), (2, 2)), Plain((0, 0), (2,)), Plain((1, 1), (2,))]),
    ("Slice", {}, [Plain((1, 2), (2,)), Plain((0,), (1,)), Plain((1,), (1,)), None, Plain((1,), (1,))]),
    ("Transpose", {"perm": [0, 1]}, [Plain((1, 2, 3, 4), (2, 2))]),
    ("Transpose", {}, [Plain((1, 2), (1, 1, 2))]),
    ("Constant", {"value_floats": [0.5]}, []),
    ("Constant", {"value_ints": range(300)}, []),
    ("ReduceProd", {}, [Plain((2, 3), (2,))]),
]


def referred(node: Any, inputs: list[Plain | None]) -> Any:
    """What the reference makes of them; None where it refuses."""
    import numpy as np
    from onnx.reference.ops import load_op

    arrays = [
        None if one is None else np.array(one.numbers, "bool" if one.kind == BOOL else "int64").reshape(one.shape)
        for one in inputs
    ]
    settings = {"log": lambda *_: None, "opsets": {"": 17}, "verbose": 0, "new_ops": None}
    try:
        with np.errstate(all="ignore"):
            return load_op("", node.op_type, 17)(node, settings).run(*arrays)[0]
    except Exception:  # its own, of many kinds
        return None


def kind_of(made: Any) -> int:
    """ONNX's number of the type of an array."""
    return {"int64": INT64, "bool": BOOL}.get(str(made.dtype), 1)


@pytest.mark.parametrize(("op", "attributes", "inputs"), CASES, ids=[f"{op}-{i}" for i, (op, *_) in enumerate(CASES)])
def test_what_is_computed_is_what_the_reference_computes(
    op: str, attributes: dict[str, Any], inputs: list[Drawn], request: pytest.FixtureRequest
) -> None:
    """The same numbers in the same shape, whatever they are: a hundred times each."""
    random, compared, wrong = Random(request.node.callspec.id), 0, []
    node = helper.make_node(op, [f"i{number}" for number in range(len(inputs))], ["o"], **attributes)
    for _ in range(100):
        tensors: list[Plain | None] = [draw(random) for draw in inputs]
        wanted = referred(node, tensors)
        if wanted is None:
            continue
        compared += 1
        found = compute(node, tensors, wanted.shape, kind_of(wanted))
        if found != Plain(tuple(map(int, wanted.reshape(-1))), wanted.shape, kind_of(wanted)):
            wrong.append((tensors, found, wanted))
    assert wrong == []
    assert compared > 50


def test_every_rule_is_compared_with_the_reference() -> None:
    """A new one needs a case."""
    assert RULES.keys() == {op for op, *_ in CASES}


@each(("op", "attributes", "inputs"), REFUSED)
def test_what_no_rule_holds_for_is_left_to_the_reference(
    op: str, attributes: dict[str, Any], inputs: list[Plain | None]
) -> None:
    """Axes, signs, overflow and types that the rule does not know, whatever the shape is said to be."""
    names = ["" if one is None else f"i{number}" for number, one in enumerate(inputs)]
    node = helper.make_node(op, names, ["o"], **attributes)
    made = referred(node, inputs)
    shape, kind = ((1,), INT64) if made is None else (made.shape, kind_of(made))
    assert compute(node, inputs, shape, kind) is None


@each("raw", [True, False])
@each(("kind", "values"), [(INT64, [3, -(2**63), 2**63 - 1]), (BOOL, [1, 0, 1]), (INT64, [])])
def test_a_small_tensor_of_the_file_is_read_as_it_is(kind: int, values: list[int], raw: bool) -> None:
    """In bytes, or as numbers."""
    import numpy as np

    shape = [len(values)]
    if raw:
        array = np.array(values, "bool" if kind == BOOL else "int64")
        made = helper.make_tensor("t", kind, shape, array.tobytes(), raw=True)
    else:
        made = helper.make_tensor("t", kind, shape, values)
    assert plain_tensor(made) == Plain(tuple(values), tuple(shape), kind)


def test_a_tensor_that_is_none_of_small_integers_is_not_read() -> None:
    """Of another type, too large, with another number of numbers, or with half a number."""
    good = helper.make_tensor("t", INT64, [2], [1, 2])
    short, half, large = [type(good)() for _ in range(3)]
    short.CopyFrom(good), half.CopyFrom(good), large.CopyFrom(good)
    short.dims[0], half.raw_data, large.dims[0] = 3, bytes(9), 4000
    for tensor in (helper.make_tensor("t", 6, [1], [1]), short, half, large):
        with pytest.raises(ValueError, match="it "):
            plain_tensor(tensor)
