"""Dead channels and taps of models whose weights are chosen: what is found, and that taking it out changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import each
from trained.small_models import conv, node, onnx, random_weights, saved

from convcost.analysis.taps import taps_on_data
from convcost.graph.ops import Conv
from convcost.spec import format_spec
from convcost.trained import removal
from convcost.trained.answer import Asked, Separation
from convcost.trained.dead import KEEP_ZERO
from convcost.trained.opening import separate_file


def found_in(path: Path, nodes: list[Any], arrays: dict[str, Any], size: list[int], **more: Any) -> Separation:
    return separate_file(saved(path / "m.onnx", nodes, arrays, size, **more), [], Asked(verify=True))


def two(path: Path, between: list[Any], extra: dict[str, Any] | None = None, *, bias: float = 0.0) -> Separation:
    """A 1x1 of which outputs 1 and 4 are zero but for their bias, something between, and a 3x3."""
    first, second = random_weights(6, 4, 1, 1), random_weights(5, 6, 3, 3, seed=1)
    first[[1, 4]] = 0
    offset = np.full(6, 0.5, np.float32)
    offset[[1, 4]] = bias
    nodes = [conv("x", "w1", "a", "b1"), *between, conv("b", "w2", "y", pads=[1, 1, 1, 1])]
    return found_in(path, nodes, {"w1": first, "b1": offset, "w2": second, **(extra or {})}, [1, 4, 9, 7])


GELU = [
    node("Div", ["a", "root"], "g1"), node("Erf", ["g1"], "g2"), node("Add", ["g2", "one"], "g3"),
    node("Mul", ["a", "g3"], "g4"), node("Mul", ["g4", "half"], "b"),
]  # fmt: skip
NUMBERS = {name: np.array(value, np.float32) for name, value in (("root", 1.4142), ("one", 1), ("half", 0.5))}

BETWEEN: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "nothing": ([node("Identity", ["a"], "b")], {}),
    "relu": ([node("Relu", ["a"], "b")], {}),
    "hard-swish": ([node("HardSwish", ["a"], "b")], {}),
    "gelu in pieces": (GELU, NUMBERS),
    "sigmoid gate of itself": ([node("Sigmoid", ["a"], "s"), node("Mul", ["a", "s"], "b")], {}),
    "squeeze and excitation": (
        [node("GlobalAveragePool", ["a"], "p"), conv("p", "ws", "q"), node("Sigmoid", ["q"], "s"),
         node("Mul", ["a", "s"], "b")],
        {"ws": random_weights(6, 6, 1, 1, seed=3)},
    ),
    "bias and back": (
        [node("Add", ["a", "up"], "c"), node("Sub", ["c", "up"], "b")],
        {"up": np.arange(6, dtype=np.float32).reshape(1, 6, 1, 1)},
    ),
    "a norm of its own": (
        [node("Relu", ["a"], "r"), node("BatchNormalization", ["r", "scale", "shift", "none", "ones"], "b")],
        {"scale": random_weights(6, seed=5), "shift": np.array([1, 0, 2, 3, 0, 4], np.float32),
         "none": np.zeros(6, np.float32), "ones": np.ones(6, np.float32)},
    ),
    "parts that are put together in another order": (
        [onnx.helper.make_node("Split", ["a", "lengths"], ["p", "q"], name="s", axis=1),
         node("Concat", ["q", "p"], "b", axis=1)],
        {"lengths": np.array([2, 4], np.int64)},
    ),
    "parts by an axis from behind": (
        [onnx.helper.make_node("Split", ["a", "lengths"], ["p", "q"], name="s", axis=-3),
         node("Concat", ["q", "p"], "b", axis=-3)],
        {"lengths": np.array([2, 4], np.int64)},
    ),
    "factors by channel": ([node("Mul", ["a", "k"], "b")], {"k": random_weights(6, 1, 1, seed=6)}),
    "factors by place": ([node("Mul", ["a", "k"], "b")], {"k": random_weights(1, 6, 9, 7, seed=6)}),
    "factors by column": ([node("Mul", ["k", "a"], "b")], {"k": random_weights(7, seed=6)}),
    "a number": ([node("Mul", ["a", "k"], "b")], {"k": np.array(2, np.float32)}),
    "a list of one number": ([node("Div", ["a", "k"], "b")], {"k": np.array([2], np.float32)}),
    "slopes": ([node("PRelu", ["a", "k"], "b")], {"k": random_weights(6, 1, 1, seed=6)}),
    "itself": ([node("Add", ["a", "a"], "b")], {}),
    "other sides": ([node("Reshape", ["a", "shape"], "b")], {"shape": np.array([0, 0, 7, 9], np.int64)}),
    "a vector and back": (
        [node("GlobalAveragePool", ["a"], "p"), node("Flatten", ["p"], "f"), node("Reshape", ["f", "shape"], "b")],
        {"shape": np.array([0, 0, 1, 1], np.int64)},
    ),
    "a border": ([node("Pad", ["a", "pads"], "b")], {"pads": np.array([0, 0, 0, 0, 0, 0, 1, 1], np.int64)}),
    "a limit from below": ([node("Clip", ["a", "least", "most"], "b")],
                           {"least": np.array(0, np.float32), "most": np.array(6, np.float32)}),
    "average pool": ([node("AveragePool", ["a"], "b", kernel_shape=[2, 2])], {}),
    "max-pool": ([node("MaxPool", ["a"], "b", kernel_shape=[2, 2])], {}),
    "resize": ([node("Resize", ["a", "", "scales"], "b")], {"scales": np.array([1, 1, 2, 2], np.float32)}),
}  # fmt: skip


@each("between", BETWEEN)
def test_channels_that_are_always_zero_are_taken_out_through_what_keeps_zero(between: str, tmp_path: Path) -> None:
    """Of the layer that makes them and of the one that reads them; each is executed with and without them."""
    found = two(tmp_path, *BETWEEN[between])
    by_name = {layer.name: layer for layer in found.layers}
    assert by_name["Conv.a"].dead is not None
    assert by_name["Conv.a"].dead.out == 2
    assert by_name["Conv.y"].dead is not None
    assert by_name["Conv.y"].dead.into == 2
    assert found.removal is not None
    smaller = {one.name: one for one in found.removal.layers}
    assert (smaller["Conv.a"].after.out_channels, smaller["Conv.y"].after.in_channels) == (4, 4)
    assert {one.verified.status for one in smaller.values() if one.verified} == {"verified"}


@each("op", [*sorted(KEEP_ZERO), "Cast", "Round", "Sign"])
def test_operations_that_keep_zero_do(op: str, tmp_path: Path) -> None:
    """Those included for which ONNX has no program; nothing else is taken for zero, also where it is compared."""
    first = random_weights(6, 4, 1, 1)
    first[[1, 4]] = 0
    between = (
        [node("Cast", ["a"], "i", to=7), node("Cast", ["i"], "b", to=1)] if op == "Cast" else [node(op, ["a"], "b")]
    )
    nodes = [conv("x", "w1", "a"), *between, conv("b", "w2", "y")]
    found = found_in(tmp_path, nodes, {"w1": first, "w2": random_weights(3, 6, 1, 1)}, [1, 4, 5, 4], opset=20)
    assert found.removal is not None
    assert [format_spec(one.after) for one in found.removal.layers] == ["4 @5x4 k1", "4:3 @5x4 k1"]


NOT_ZERO: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "sigmoid": ([node("Sigmoid", ["a"], "b")], {}), "exponential": ([node("Exp", ["a"], "b")], {}),
    "plus a number": ([node("Add", ["a", "k"], "b")], {"k": np.array(1, np.float32)}),
    "plus a column": ([node("Add", ["a", "k"], "b")], {"k": random_weights(7, seed=6)}),
    "plus a place": ([node("Add", ["a", "k"], "b")], {"k": random_weights(1, 6, 9, 7, seed=6)}),
    "plus a channel": ([node("Add", ["a", "k"], "b")], {"k": random_weights(6, 1, 1, seed=6)}),
    "a limit above zero": ([node("Clip", ["a", "k"], "b")], {"k": np.array(0.5, np.float32)}),
    "a norm with shifts": (
        [node("Relu", ["a"], "r"), node("BatchNormalization", ["r", "ones", "ones", "none", "ones"], "b")],
        {"none": np.zeros(6, np.float32), "ones": np.ones(6, np.float32)},
    ),
    "below one another": ([node("Concat", ["a", "a"], "b", axis=2)], {}),
    "halves": ([onnx.helper.make_node("Split", ["a", "lengths"], ["b", "q"], name="s", axis=2)],
               {"lengths": np.array([4, 5], np.int64)}),
    "one after another": ([node("CumSum", ["a", "axis"], "b")], {"axis": np.array(1, np.int64)}),
}  # fmt: skip


@each("between", NOT_ZERO)
def test_nothing_is_taken_out_in_front_of_what_makes_something_of_zero(between: str, tmp_path: Path) -> None:
    """Or of what is not known to keep channels apart. By itself the layer has two dead outputs still."""
    found = two(tmp_path, *NOT_ZERO[between])
    assert found.removal is not None
    assert found.removal.layers == ()
    assert found.removal.upper.params > 0


def test_a_norm_that_is_folded_in_says_what_dead_channels_are(tmp_path: Path) -> None:
    """Its shift: that of output 2 is zero, and that of output 1 is not."""
    first, last = random_weights(4, 3, 1, 1), random_weights(2, 4, 1, 1, seed=1)
    first[[1, 2]] = 0
    arrays = {"w1": first, "w2": last, "scale": np.ones(4, np.float32), "shift": np.array([1, 1, 0, 1], np.float32),
              "mean": np.zeros(4, np.float32), "var": np.ones(4, np.float32)}  # fmt: skip
    nodes = [conv("x", "w1", "a"), node("BatchNormalization", ["a", "scale", "shift", "mean", "var"], "n"),
             node("Relu", ["n"], "r"), conv("r", "w2", "y")]  # fmt: skip
    found = found_in(tmp_path, nodes, arrays, [1, 3, 5, 4])
    assert found.removal is not None
    assert [format_spec(one.after) for one in found.removal.layers] == ["3 @5x4 k1 bias", "3:2 @5x4 k1"]
    assert {one.verified.status for one in found.removal.layers if one.verified} == {"verified"}


def test_channels_of_a_series_are_followed_too(tmp_path: Path) -> None:
    """One axis in space: three of the eight outputs of the first layer are zero, by each operation between."""
    first, second = random_weights(8, 2, 3), random_weights(4, 8, 1, seed=1)
    first[[0, 3, 7]] = 0
    nodes = [conv("x", "w1", "a"), node("Mul", ["a", "k"], "m"), node("Relu", ["m"], "r"),
             node("Concat", ["r"], "c", axis=-2), conv("c", "w2", "y")]  # fmt: skip
    arrays = {"w1": first, "w2": second, "k": random_weights(8, 1, seed=2)}
    found = found_in(tmp_path, nodes, arrays, [1, 2, 12])
    assert found.removal is not None
    assert [format_spec(one.after) for one in found.removal.layers] == ["2:5 @12 k3 p0 1d", "5:4 @10 k1 1d"]
    assert {one.verified.status for one in found.removal.layers if one.verified} == {"verified"}


def test_much_work_is_executed_on_a_smaller_input_unless_taps_are_cropped(tmp_path: Path) -> None:
    """Its border and five windows; where taps meet padding alone depends on the size, which then stays."""
    first, second = random_weights(6, 4, 1, 1), random_weights(5, 6, 3, 3, seed=1)
    first[[1, 4]] = 0
    nodes = [conv("x", "w1", "b"), conv("b", "w2", "y", pads=[1, 1, 1, 1])]

    def sizes(limit: int) -> dict[str, Any]:
        path = saved(tmp_path / "m.onnx", nodes, {"w1": first, "w2": second}, [1, 4, 9, 7])
        found = separate_file(path, [], Asked(limit=limit)).removal
        assert found is not None
        return {one.name: (one.verified.status, one.verified.size) for one in found.layers if one.verified}

    small = {"in_channels": 4, "out_channels": 6, "groups": 1, "input_size": (6, 6), "batch": 1}
    assert sizes(1) == {
        "Conv.b": ("reduced", small),
        "Conv.y": ("reduced", {**small, "in_channels": 6, "out_channels": 5, "input_size": (8, 7)}),
    }
    assert sizes(4 * 6 * 63) == {"Conv.b": ("verified", "full"), "Conv.y": sizes(1)["Conv.y"]}
    second[:, :, 0] = 0
    assert sizes(1) == {"Conv.b": ("reduced", small), "Conv.y": ("verified", "full")}


def test_what_is_taken_out_is_counted(tmp_path: Path) -> None:
    """Params and multiply-adds of two layers with 4 of 6 channels between them, biases included."""
    found = two(tmp_path, *BETWEEN["relu"])
    assert found.removal is not None
    assert found.removal.total.params == 24 + 6 + 270
    assert found.removal.fitting == found.removal.upper
    assert found.removal.fitting.params == 2 * 4 + 2 + 5 * 2 * 9
    assert found.removal.fitting.macs == 63 * (2 * 4 + 5 * 2 * 9)
    assert found.removal.fitting.weight_bytes == 4 * found.removal.fitting.params


@pytest.mark.parametrize("bias", [1e-39, 0.5])
def test_a_bias_that_is_no_ordinary_number_is_zero_and_another_is_not(bias: float, tmp_path: Path) -> None:
    """A channel that is always 0.5 is not zero behind a border of zeros: it stays."""
    found = two(tmp_path, *BETWEEN["nothing"], bias=bias)
    assert found.removal is not None
    assert bool(found.removal.layers) is (bias < 1e-30)


def test_outputs_that_nobody_reads_are_taken_out(tmp_path: Path) -> None:
    """And with them what only they read, layers before."""
    last = random_weights(4, 6, 1, 1, seed=2)
    last[:, [0, 3]] = 0
    first = random_weights(8, 3, 3, 3)
    middle = random_weights(6, 8, 1, 1, seed=1)
    middle[[1, 2, 4, 5], 7] = 0  # channel 7 is read by outputs 0 and 3 alone
    nodes = [conv("x", "w1", "a"), node("Relu", ["a"], "b"), conv("b", "w2", "c"), conv("c", "w3", "y")]
    found = found_in(tmp_path, nodes, {"w1": first, "w2": middle, "w3": last}, [1, 3, 8, 8])
    assert found.removal is not None
    assert [format_spec(one.after) for one in found.removal.layers] == ["3:7 @8 k3 p0", "7:4 @6 k1", "4 @6 k1"]


SHORTCUT = [conv("x", "w0", "s"), conv("s", "w1", "a"), node("Add", ["a", "s"], "b"), conv("b", "w2", "y")]


@pytest.mark.parametrize("both", [False, True])
def test_a_shortcut_keeps_channels_unless_both_sides_are_dead(both: bool, tmp_path: Path) -> None:
    """The upper bound knows of no shortcut."""
    arrays = {f"w{i}": random_weights(6, 6, 1, 1, seed=i) for i in range(3)}
    arrays["w1"][2] = 0
    if both:
        arrays["w0"][2] = 0
    found = found_in(tmp_path, SHORTCUT, arrays, [1, 6, 5, 5])
    assert found.removal is not None
    assert found.removal.upper.params > 0
    assert bool(found.removal.layers) is both


@pytest.mark.parametrize("op", ["Softmax", "Transpose"])
def test_what_is_not_known_to_keep_channels_apart_needs_all_of_them(op: str, tmp_path: Path) -> None:
    """Nothing is taken out in front of it."""
    more: dict[str, Any] = {"axis": 1} if op == "Softmax" else {"perm": [0, 3, 2, 1]}
    first = random_weights(6, 4, 1, 1)
    first[1] = 0
    found = found_in(tmp_path, [conv("x", "w1", "a"), node(op, ["a"], "y", **more)], {"w1": first}, [1, 4, 6, 6])
    assert found.removal is not None
    assert found.removal.layers == ()


def test_a_depthwise_layer_goes_with_its_channels_and_concat_and_split_keep_count(tmp_path: Path) -> None:
    """Channel 1 of the first half and 2 of the second are dead."""
    arrays = {
        "w1": random_weights(3, 2, 1, 1), "w2": random_weights(3, 2, 1, 1, seed=1),
        "dw": random_weights(6, 1, 3, 3, seed=2), "w3": random_weights(4, 6, 1, 1, seed=3),
    }  # fmt: skip
    arrays["w1"][1] = 0
    arrays["w2"][2] = 0
    nodes = [
        conv("x", "w1", "a"), conv("x", "w2", "b"), node("Concat", ["a", "b"], "c", axis=1),
        conv("c", "dw", "d", group=6, pads=[1, 1, 1, 1]), conv("d", "w3", "y"),
    ]  # fmt: skip
    found = found_in(tmp_path, nodes, arrays, [1, 2, 6, 5])
    assert found.removal is not None
    assert {one.name: format_spec(one.after) for one in found.removal.layers} == {
        "Conv.a": "2 @6x5 k1", "Conv.b": "2 @6x5 k1", "Conv.d": "4 @6x5 k3 g4", "Conv.y": "4 @6x5 k1"
    }  # fmt: skip
    assert {one.verified.status for one in found.removal.layers if one.verified} == {"verified"}


def test_of_a_depthwise_layer_of_two_channels_one_may_be_left(tmp_path: Path) -> None:
    """Which is then a plain one."""
    arrays = {"w1": random_weights(2, 3, 1, 1), "dw": random_weights(2, 1, 3, 3, seed=2),
              "w2": random_weights(4, 2, 1, 1, seed=3)}  # fmt: skip
    arrays["w1"][1] = 0
    nodes = [conv("x", "w1", "a"), conv("a", "dw", "d", group=2, pads=[1, 1, 1, 1]), conv("d", "w2", "y")]
    found = found_in(tmp_path, nodes, arrays, [1, 3, 6, 5])
    assert found.removal is not None
    assert [format_spec(one.after) for one in found.removal.layers] == ["3:1 @6x5 k1", "1 @6x5 k3", "1:4 @6x5 k1"]


def test_taps_that_only_meet_padding_are_cropped(tmp_path: Path) -> None:
    """A 3x3 on a map of one position is a 1x1; and a kernel with an empty border on a larger one, too."""
    small = random_weights(3, 2, 3, 3)
    found = found_in(tmp_path, [conv("x", "w", "y", pads=[1, 1, 1, 1])], {"w": small}, [1, 2, 1, 1])
    assert found.layers[0].dead == (0, 0, 8, 8)
    assert found.removal is not None
    assert [format_spec(one.after) for one in found.removal.layers] == ["2:3 @1 k1"]
    small[:, :, 0], small[:, :, 2] = 0, 0
    found = found_in(tmp_path, [conv("x", "w", "y", pads=[1, 1, 1, 1])], {"w": small}, [1, 2, 5, 5])
    assert found.layers[0].dead == (0, 0, 6, 0)
    assert found.removal is not None
    assert [format_spec(one.after) for one in found.removal.layers] == ["2:3 @5 k1x3"]


@pytest.mark.parametrize(
    ("useful", "dilation", "specs"),
    [
        ([0, 1, 1, 0, 0], 1, ["2:3 @9 k2x3 p1-0x1"]), ([0, 0, 0, 1, 0], 1, []),
        ([0, 1, 0, 1, 1], 2, ["2:3 @9 k4x3 p2-4x1 d2x1"]), ([1, 1, 0, 0, 0], 2, []),
    ],
)  # fmt: skip
def test_a_kernel_without_its_dead_rows_gives_what_it_did(
    useful: list[int], dilation: int, specs: list[str], tmp_path: Path
) -> None:
    """Cut off more in front or more behind; where padding would be less than none, they stay."""
    kernel = random_weights(3, 2, 5, 3) * np.array(useful, np.float32).reshape(5, 1)
    pads = [2 * dilation, 1, 2 * dilation, 1]
    nodes = [conv("x", "w", "y", pads=pads, dilations=[dilation, 1])]
    found = found_in(tmp_path, nodes, {"w": kernel}, [1, 2, 9, 9])
    assert found.removal is not None
    assert [format_spec(one.after) for one in found.removal.layers] == specs
    assert [one.verified and one.verified.status for one in found.removal.layers] == ["verified"] * len(specs)


@each(("n", "k", "s", "d", "before", "after"), [
    (1, 3, 1, 1, 1, 1), (2, 5, 2, 1, 2, 2), (3, 7, 1, 2, 6, 6), (5, 3, 3, 1, 1, 1), (4, 2, 1, 3, 3, 0),
    (7, 1, 2, 1, 0, 0),
])  # fmt: skip
def test_taps_meet_data_where_a_walk_says_so(n: int, k: int, s: int, d: int, before: int, after: int) -> None:
    """Every window walked, every tap of it looked at."""
    count = (n + before + after - d * (k - 1) - 1) // s + 1
    walked = [any(0 <= o * s + t * d - before < n for o in range(count)) for t in range(k)]
    assert list(taps_on_data(count, k, s, d, before, n)) == walked


def test_a_removal_that_changes_the_output_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels taken out that are not dead."""
    right = removal.kept_channels

    def wrong(model: Any, masks: Any) -> Any:
        found = right(model, masks)
        found["Conv.y"].in_kept[0] = False
        return found

    monkeypatch.setattr(removal, "kept_channels", wrong)
    found = two(tmp_path, *BETWEEN["relu"])
    assert found.removal is not None
    status = {one.name: one.verified.status for one in found.removal.layers if one.verified}
    assert status["Conv.y"] == "mismatch"


def test_a_layer_never_loses_all_of_its_outputs(tmp_path: Path) -> None:
    """Of a branch that is all zero one channel stays."""
    arrays = {"w1": np.zeros((3, 2, 1, 1), np.float32), "w2": random_weights(4, 3, 1, 1)}
    found = found_in(tmp_path, [conv("x", "w1", "a"), conv("a", "w2", "y")], arrays, [1, 2, 4, 4])
    assert found.removal is not None
    assert {one.name: one.after.out_channels for one in found.removal.layers}["Conv.a"] == 1


@each(
    ("dilation", "padding", "useful", "kernel", "left"),
    [
        (1, (2, 2), [0, 1, 1, 0, 0], 2, (1, 0)), (1, (2, 2), [0, 0, 1, 0, 0], 1, (0, 0)),
        (1, (0, 2), [0, 1, 1, 0, 0], 5, (0, 2)),  # there is no padding that the tap could stand in
        (1, (1, 0), [0, 1, 1, 1, 0], 5, (1, 0)), (1, (1, 1), [0, 1, 0, 1, 0], 3, (0, 0)),
        (2, (4, 4), [0, 0, 1, 1, 0], 2, (0, 2)), (2, (3, 4), [0, 0, 1, 1, 0], 5, (3, 4)),
        (2, (4, 1), [0, 0, 1, 1, 0], 5, (4, 1)), (1, (2, 2), [1, 0, 0, 0, 1], 5, (2, 2)),
        (1, (2, 2), [0, 0, 0, 0, 0], 5, (2, 2)),  # of nothing a box says nothing
    ],
)  # fmt: skip
def test_the_smallest_box_of_taps_keeps_its_place(
    dilation: int, padding: tuple[int, int], useful: list[int], kernel: int, left: tuple[int, int]
) -> None:
    """What is cut off in front is padding less in front; along the other axis nothing changes."""
    op = Conv(1, 1, (1, 5), (1, 1), ((0, 0), padding), (1, dilation))
    found = removal.cropped(op, np.array([useful], bool))
    assert (found.kernel_size, found.padding) == ((1, kernel), ((0, 0), left))
    turned = Conv(1, 1, (5, 1), (1, 1), (padding, (0, 0)), (dilation, 1))
    found = removal.cropped(turned, np.array([useful], bool).T)
    assert (found.kernel_size, found.padding) == ((kernel, 1), (left, (0, 0)))
