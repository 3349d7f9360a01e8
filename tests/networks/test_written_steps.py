"""What each operation is written as in ONNX: its steps, the integers and the numbers that the file holds for them."""

from __future__ import annotations

from typing import Any

from tables import each

from convcost.graph import ops
from convcost.networks.written.learned import parts_of
from convcost.networks.written.steps import emitted

GUARD = 1e-5

#: An operation, the shapes of what it reads (x, then y) | its steps: ONNX's operation, inputs, attributes; the integers
#: that they read by name; the numbers that fill a tensor. A step `n.1` is the first one, `n/…` is held by the file.
Steps = list[tuple[str, str, dict[str, Any]]]
WRITTEN: dict[str, tuple[Any, list[tuple[int, ...]], Steps, dict[str, Any], dict[str, Any]]] = {
    "a border that is copied": (
        ops.Conv(2, 2, (3, 3), (1, 1), ((1, 2), (0, 1)), (1, 1), padding_mode="reflect"), [(1, 2, 8, 6)],
        [("Pad", "x n/pads", {"mode": "reflect"}),
         ("Conv", "n.1 n.weight", {"kernel_shape": (3, 3), "strides": (1, 1), "dilations": (1, 1),
                                   "pads": (0, 0, 0, 0), "group": 1})],
        {"pads": (0, 0, 1, 0, 0, 0, 2, 1)}, {},
    ),
    "no border to copy": (
        ops.Conv(2, 4, (1,), (2,), ((0, 0),), (1,), 2, True, "circular"), [(1, 2, 8)],
        [("Conv", "x n.weight n.bias", {"kernel_shape": (1,), "strides": (2,), "dilations": (1,), "pads": (0, 0),
                                        "group": 2})], {}, {},
    ),
    "transposed, with room behind": (
        ops.Conv(2, 3, (3,), (2,), ((1, 0),), (1,), 1, False, "zeros", True, (1,)), [(1, 2, 8)],
        [("ConvTranspose", "x n.weight", {"kernel_shape": (3,), "strides": (2,), "dilations": (1,), "pads": (1, 0),
                                          "group": 1, "output_padding": (1,)})], {}, {},
    ),
    "transposed, without": (
        ops.Conv(2, 3, (3,), (2,), ((1, 0),), (3,), 1, False, "zeros", True, (0,)), [(1, 2, 8)],
        [("ConvTranspose", "x n.weight", {"kernel_shape": (3,), "strides": (2,), "dilations": (3,), "pads": (1, 0),
                                          "group": 1})], {}, {},
    ),
    "padded and cut": (
        ops.Pad(((1, -2), (-1, 3))), [(1, 4, 8, 6)],
        [("Pad", "x n/pads", {"mode": "constant"}), ("Slice", "n.1 n/starts2 n/ends2 n/axes2", {})],
        {"pads": (0, 0, 1, 0, 0, 0, 0, 3), "starts2": (0, 1), "ends2": (7, 9), "axes2": (2, 3)}, {},
    ),
    "padded": (
        ops.Pad(((1, 0), (0, 2)), "replicate"), [(1, 4, 8, 6)], [("Pad", "x n/pads", {"mode": "edge"})],
        {"pads": (0, 0, 1, 0, 0, 0, 0, 2)}, {},
    ),
    "a matrix at every position": (
        ops.Linear(4, 6, True), [(1, 4, 5, 6)],
        [("Unsqueeze", "n.weight n/axes", {}), ("Conv", "x n.1 n.bias", {})], {"axes": (2, 3)}, {},
    ),
    "a matrix": (ops.Linear(4, 6), [(1, 4)], [("Gemm", "x n.weight", {"transB": 1})], {}, {}),
    "a gate of channels": (
        ops.Multiply(), [(1, 8, 5, 6), (1, 8)],
        [("Unsqueeze", "y n/axes", {}), ("Mul", "x n.1", {})], {"axes": (2, 3)}, {},
    ),
    "a gate of all": (ops.Multiply(), [(1, 8, 5), (1, 8, 1)], [("Mul", "x y", {})], {}, {}),
    "silu": (ops.Activation("silu"), [(1, 8)], [("Sigmoid", "x", {}), ("Mul", "x n.1", {})], {}, {}),
    "relu6": (ops.Activation("relu6"), [(1, 8)], [("Clip", "x n/least n/most", {})], {},
              {"least": ((), 0.0), "most": ((), 6.0)}),
    "batch norm": (
        ops.BatchNorm(8), [(1, 8, 5)],
        [("BatchNormalization", "x n.weight n.bias n/mean n/variance", {"epsilon": GUARD})], {},
        {"mean": ((8,), 0.0), "variance": ((8,), 1 - GUARD)},
    ),
    "layer norm": (
        ops.LayerNorm(8), [(1, 8, 5, 6)],
        [("Transpose", "x", {"perm": (0, 2, 3, 1)}),
         ("LayerNormalization", "n.1 n.weight n.bias", {"axis": -1, "epsilon": GUARD}),
         ("Transpose", "n.2", {"perm": (0, 3, 1, 2)})], {}, {},
    ),
    "layer norm of rows": (
        ops.LayerNorm(8), [(1, 8)],
        [("LayerNormalization", "x n.weight n.bias", {"axis": -1, "epsilon": GUARD})], {}, {},
    ),
    "softmax": (ops.Norm("softmax", 8, 1, False), [(1, 8, 5)], [("Softmax", "x", {"axis": 1})], {}, {}),
    "rms norm": (
        ops.Norm("rms-norm", 8), [(1, 8, 5)],
        [("Mul", "x x", {}), ("ReduceMean", "n.1 n/channels", {}), ("Add", "n.2 n/epsilon", {}), ("Sqrt", "n.3", {}),
         ("Div", "x n.4", {}), ("Unsqueeze", "n.weight n/weight.axes", {}), ("Mul", "n.5 n.6", {})],
        {"channels": (1,), "weight.axes": (1,)}, {"epsilon": ((), GUARD)},
    ),
    "group norm": (
        ops.Norm("group-norm", 8, 2), [(2, 8, 5, 6)],
        [("Reshape", "x n/shape1", {}), ("Expand", "n/one n/groups", {}), ("Expand", "n/none n/groups", {}),
         ("InstanceNormalization", "n.1 n.2 n.3", {"epsilon": GUARD}), ("Reshape", "n.4 n/shape5", {}),
         ("Unsqueeze", "n.weight n/weight.axes", {}), ("Mul", "n.5 n.6", {}),
         ("Unsqueeze", "n.bias n/bias.axes", {}), ("Add", "n.7 n.8", {})],
        {"shape1": (2, 2, 120), "groups": (2,), "shape5": (2, 8, 5, 6), "weight.axes": (1, 2), "bias.axes": (1, 2)},
        {"one": ((), 1.0), "none": ((), 0.0)},
    ),
    "instance norm": (
        ops.Norm("instance-norm", 8, 8, False), [(2, 8, 5)],
        [("Reshape", "x n/shape1", {}), ("Expand", "n/one n/groups", {}), ("Expand", "n/none n/groups", {}),
         ("InstanceNormalization", "n.1 n.2 n.3", {"epsilon": GUARD}), ("Reshape", "n.4 n/shape5", {})],
        {"shape1": (2, 8, 5), "groups": (8,), "shape5": (2, 8, 5)}, {"one": ((), 1.0), "none": ((), 0.0)},
    ),
    "scale": (ops.Scale(8), [(1, 8, 5)], [("Unsqueeze", "n.weight n/weight.axes", {}), ("Mul", "x n.1", {})],
              {"weight.axes": (1,)}, {}),
    "prelu of rows": (ops.Scale(8, "prelu"), [(1, 8)], [("PRelu", "x n.weight", {})], {}, {}),
    "shuffle": (
        ops.Shuffle(2), [(1, 8, 5, 6)],
        [("Reshape", "x n/shape1", {}), ("Transpose", "n.1", {"perm": (0, 2, 1, 3, 4)}),
         ("Reshape", "n.2 n/shape3", {})], {"shape1": (1, 2, 4, 5, 6), "shape3": (1, 8, 5, 6)}, {},
    ),
    "means that hang over": (  # windows 0-1, 2-3, 4-5, 6-7 of 7 rows
        ops.Pool("avg", (2, 2), (2, 2), ((0, 0), (0, 0)), True), [(1, 4, 7, 8)],
        [("Pad", "x n/pads", {"mode": "constant"}),
         ("AveragePool", "n.1", {"kernel_shape": (2, 2), "strides": (2, 2), "pads": (0, 0, 0, 0),
                                 "count_include_pad": 1})], {"pads": (0, 0, 0, 0, 0, 0, 1, 0)}, {},
    ),
    "means": (
        ops.Pool("avg", (3,), (2,), ((1, 0),)), [(1, 4, 8)],
        [("AveragePool", "x", {"kernel_shape": (3,), "strides": (2,), "pads": (1, 0), "count_include_pad": 1})], {}, {},
    ),
    "maxima that hang over": (  # five windows of 3 from -1, every 2: to 9, where the padding ends at 8
        ops.Pool("max", (3,), (2,), ((1, 1),), True), [(1, 4, 8)],
        [("MaxPool", "x", {"kernel_shape": (3,), "strides": (2,), "pads": (1, 2)})], {}, {},
    ),
    "maxima that hang over by as much as they take": (  # 6 and 9 of 8 positions, taps 3 apart
        ops.Pool("max", (2,), (3,), ((0, 0),), True, (3,)), [(1, 4, 8)],
        [("MaxPool", "x", {"kernel_shape": (2,), "strides": (3,), "pads": (0, 0), "ceil_mode": 1,
                           "dilations": (3,)})], {}, {},
    ),
    "maxima": (
        ops.Pool("max", (3, 2), (2, 1), ((1, 0), (0, 1)), False, (1, 1)), [(1, 4, 7, 8)],
        [("MaxPool", "x", {"kernel_shape": (3, 2), "strides": (2, 1), "pads": (1, 0, 0, 1)})], {}, {},
    ),
    "the mean of all": (ops.AdaptivePool("avg", (1, 1)), [(1, 4, 6, 9)], [("GlobalAveragePool", "x", {})], {}, {}),
    "the maximum of all": (ops.AdaptivePool("max", (1,)), [(1, 4, 6)], [("GlobalMaxPool", "x", {})], {}, {}),
    "means side by side": (
        ops.AdaptivePool("avg", (2, 3)), [(1, 4, 8, 9)],
        [("AveragePool", "x", {"kernel_shape": (4, 3), "strides": (4, 3)})], {}, {},
    ),
    "means of several lengths": (  # positions 0 to 2 and 2 to 4 of 5
        ops.AdaptivePool("avg", (2,)), [(1, 4, 5)],
        [("Slice", "x n/starts1 n/ends1 n/axes1", {}), ("ReduceMean", "n.1 n/over2", {}),
         ("Slice", "x n/starts3 n/ends3 n/axes3", {}), ("ReduceMean", "n.3 n/over4", {}),
         ("Concat", "n.2 n.4", {"axis": 2})],
        {"starts1": (0,), "ends1": (3,), "axes1": (2,), "over2": (2,), "starts3": (2,), "ends3": (5,), "axes3": (2,),
         "over4": (2,)}, {},
    ),
    "maxima of several lengths": (  # all 4 rows; then columns 0 to 1 and 1 to 2 of 3
        ops.AdaptivePool("max", (1, 2)), [(1, 4, 4, 3)],
        [("Slice", "x n/starts1 n/ends1 n/axes1", {}), ("ReduceMax", "n.1 n/over2", {}), ("Concat", "n.2", {"axis": 2}),
         ("Slice", "n.3 n/starts4 n/ends4 n/axes4", {}), ("ReduceMax", "n.4 n/over5", {}),
         ("Slice", "n.3 n/starts6 n/ends6 n/axes6", {}), ("ReduceMax", "n.6 n/over7", {}),
         ("Concat", "n.5 n.7", {"axis": 3})],
        {"starts1": (0,), "ends1": (4,), "axes1": (2,), "over2": (2,), "starts4": (0,), "ends4": (2,), "axes4": (3,),
         "over5": (3,), "starts6": (1,), "ends6": (3,), "axes6": (3,), "over7": (3,)}, {},
    ),
    "upsampled": (
        ops.Upsample("nearest", (2, 3)), [(1, 4, 5, 6)],
        [("Resize", "x   n/sizes", {"coordinate_transformation_mode": "asymmetric", "mode": "nearest",
                                    "nearest_mode": "floor"})], {"sizes": (1, 4, 10, 18)}, {},
    ),
    "interpolated": (
        ops.Upsample("bilinear", (2,)), [(1, 4, 5)],
        [("Resize", "x   n/sizes", {"coordinate_transformation_mode": "half_pixel", "mode": "linear"})],
        {"sizes": (1, 4, 10)}, {},
    ),
    "pixel shuffle": (
        ops.PixelShuffle((2, 3)), [(1, 24, 5, 6)],
        [("Reshape", "x n/shape1", {}), ("Transpose", "n.1", {"perm": (0, 1, 4, 2, 5, 3)}),
         ("Reshape", "n.2 n/shape3", {})], {"shape1": (1, 4, 2, 3, 5, 6), "shape3": (1, 4, 10, 18)}, {},
    ),
    "attention": (
        ops.Attention(2, 8), [(1, 24, 5)],
        [("Reshape", "x n/shape1", {}), ("Slice", "n.1 n/starts2 n/ends2 n/axes2", {}),
         ("Slice", "n.1 n/starts3 n/ends3 n/axes3", {}), ("Slice", "n.1 n/starts4 n/ends4 n/axes4", {}),
         ("Mul", "n.2 n/scale", {}), ("Transpose", "n.5", {"perm": (0, 1, 3, 2)}), ("MatMul", "n.6 n.3", {}),
         ("Softmax", "n.7", {"axis": -1}), ("Transpose", "n.8", {"perm": (0, 1, 3, 2)}), ("MatMul", "n.4 n.9", {}),
         ("Reshape", "n.10 n/shape11", {})],
        {"shape1": (1, 6, 4, 5), "starts2": (0,), "ends2": (2,), "axes2": (1,), "starts3": (2,), "ends3": (4,),
         "axes3": (1,), "starts4": (4,), "ends4": (6,), "axes4": (1,), "shape11": (1, 8, 5)}, {"scale": ((), 0.5)},
    ),
    "tokens in front": (
        ops.Tokens(2, 8, 32), [(3, 8, 5, 6)],
        [("Reshape", "x n/shape1", {}), ("Transpose", "n.tokens", {"perm": (1, 0)}),
         ("Expand", "n.2 n/a.batch", {}), ("Concat", "n.3 n.1", {"axis": 2}),
         ("Transpose", "n.positions", {"perm": (1, 0)}), ("Add", "n.4 n.5", {})],
        {"shape1": (3, 8, 30), "a.batch": (3, 8, 2)}, {},
    ),
    "positions alone": (
        ops.Tokens(0, 8, 30), [(1, 8, 30)], [("Transpose", "n.positions", {"perm": (1, 0)}), ("Add", "x n.1", {})], {},
        {},
    ),
    "a part": (ops.Split(2, 5), [(1, 8, 5)], [("Slice", "x n/starts1 n/ends1 n/axes1", {})],
               {"starts1": (2,), "ends1": (5,), "axes1": (1,)}, {}),
    "flat": (ops.Flatten(), [(1, 8, 5)], [("Flatten", "x", {"axis": 1})], {}, {}),
    "behind one another": (ops.Concat(), [(1, 8, 5), (1, 3, 5)], [("Concat", "x y", {"axis": 1})], {}, {}),
    "a sum": (ops.Add(), [(1, 8), (1, 8)], [("Add", "x y", {})], {}, {}),
    **{
        kind: (ops.Activation(kind), [(1, 8)], [(op, "x", attributes)], {}, {})
        for kind, op, attributes in [
            ("relu", "Relu", {}), ("sigmoid", "Sigmoid", {}), ("tanh", "Tanh", {}), ("selu", "Selu", {}),
            ("mish", "Mish", {}), ("elu", "Elu", {"alpha": 1.0}), ("leaky-relu", "LeakyRelu", {"alpha": 0.01}),
            ("hardswish", "HardSwish", {}), ("gelu", "Gelu", {"approximate": "tanh"}),
            ("hardsigmoid", "HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
        ]
    },
}  # fmt: skip


@each("name", WRITTEN)
def test_an_operation_is_written_in_these_steps(name: str) -> None:
    """The last of which has its name, the others a number behind it."""
    op, shapes, steps, integers, floats = WRITTEN[name]
    found = emitted(op, "n", ["x", "y"][: len(shapes)], shapes, parts_of(op, "n"))
    assert [(step.op, step.inputs, step.attributes) for step in found.steps] == [
        (kind, tuple(inputs.split(" ")), attributes) for kind, inputs, attributes in steps
    ]
    outputs = [*[f"n.{number}" for number in range(1, len(steps))], "n"]
    assert [(step.name, step.output) for step in found.steps] == [(output, output) for output in outputs]
    assert found.integers == {f"n/{key}": values for key, values in integers.items()}
    assert found.floats == {f"n/{key}": held for key, held in floats.items()}


@each(
    ("name", "note"),
    [
        ("silu", '["Activation",["silu"],["x"],2]'), ("a matrix", ""), ("relu", ""),
        ("elu", '["Activation",["elu"],["x"],1]'),
        ("flat", '["Flatten",[],["x"],1]'), ("behind one another", ""), ("a sum", ""), ("batch norm", ""),
        ("transposed, without", ""), ("a gate of all", '["Multiply",[],["x","y"],1]'),
        ("no border to copy", '["Conv",[2,4,[1],[2],[[0,0]],[1],2,true,"circular",false,[],false],["x"],1]'),
        ("shuffle", '["Shuffle",[2],["x"],3]'),
    ],
)  # fmt: skip
def test_what_a_reader_would_not_know_has_a_note(name: str, note: str) -> None:
    """At its first step: the operation, its fields, what it reads, how many steps it has."""
    op, shapes, *_ = WRITTEN[name]
    found = emitted(op, "n", ["x", "y"][: len(shapes)], shapes, parts_of(op, "n"))
    assert [step.note for step in found.steps] == [f"convcost:{note}" if note else "", *[""] * (len(found.steps) - 1)]


def test_what_shares_its_weights_or_says_no_room_behind_has_a_note() -> None:
    """A reader would take the first for one that learns, and the second for one whose room is 0."""
    shared = ops.Linear(4, 6, shared=True)
    assert emitted(shared, "n", ["x"], [(1, 4)], parts_of(shared, "m")).steps[0].note
    bare = ops.Conv(2, 3, (3,), (2,), ((1, 0),), (1,), transposed=True)
    assert emitted(bare, "n", ["x"], [(1, 2, 8)], parts_of(bare, "n")).steps[0].note
