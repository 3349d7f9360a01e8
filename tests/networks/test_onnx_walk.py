"""The walk over an ONNX model: what is evaluated, what is never lost, whose params they are, what runs how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from networks.onnx_models import model, onnx, read_here
from tables import each

from convcost.analysis import analyze
from convcost.networks.onnx import read_onnx
from convcost.networks.onnx.load import load, show_dims
from convcost.networks.onnx.read import Reading
from convcost.networks.onnx.translate import Walk
from convcost.networks.onnx.values import countable
from convcost.networks.onnx.wire import Malformed, without_weights
from convcost.spec.errors import SpecError

helper = onnx.helper


def tensor(name: str, content: Any, kind: int = 7) -> Any:
    """A tensor of the file: a list, or a number for a tensor without axes."""
    listed = content if isinstance(content, list) else [content]
    return helper.make_tensor(name, kind, [len(content)] if isinstance(content, list) else [], listed)


def weights(name: str, *sizes: int, kind: int = 1) -> Any:
    """Zeros."""
    count = 1
    for n in sizes:
        count *= n
    return helper.make_tensor(name, kind, sizes, [0] * count)


def given(name: str, *sizes: int | str, kind: int = 1) -> Any:
    return helper.make_tensor_value_info(name, kind, list(sizes))


def node(op: str, inputs: str, outputs: str, domain: str = "", **attributes: Any) -> Any:
    """An operation; `-` stands for an input or output without a name."""
    names = [[("" if name == "-" else name) for name in text.split()] for text in (inputs, outputs)]
    return helper.make_node(op, *names, domain=domain, **attributes)


def costs(found: Reading) -> tuple[int, int]:
    cost = analyze(found.graph).cost
    return cost.params, cost.macs


def sizes_of_a_reshape(opset: int) -> Any:
    """`x.reshape(x.shape[0], x.shape[1], -1) @ w`, the sizes computed: 1x12x1x4 becomes 1x12x4."""
    nodes = [
        node("Shape", "x", "s"), node("Gather", "s i0", "g"), node("Gather", "s i1", "h"), node("Gather", "s i2", "k"),
        node("Mul", "h k", "hk"), node("Div", "hk i1", "q"), node("Cast", "q", "qc", to=7),
        *([node("Unsqueeze", "g", "gu", axes=[0]), node("Unsqueeze", "qc", "qu", axes=[0])] if opset < 13 else
          [node("Unsqueeze", "g z", "gu"), node("Unsqueeze", "qc z", "qu")]),
        node("Concat", "gu qu m", "t", axis=0), node("Reshape", "x t", "y"), node("MatMul", "y w", "o"),
    ]  # fmt: skip
    tensors = [tensor(f"i{i}", i) for i in range(3)] + [tensor("z", [0]), tensor("m", [-1]), weights("w", 4, 8)]
    return model(nodes, [given("x", 1, 12, 1, 4)], ["o"], tensors, opset)


@pytest.mark.parametrize("opset", [9, 11, 13, 17, 22])
def test_sizes_are_computed_at_every_opset(tmp_path: Path, opset: int) -> None:
    found = read_here(sizes_of_a_reshape(opset), tmp_path)
    assert (costs(found), found.unknown) == ((32, 12 * 4 * 8), [])


#: What makes [1, -1] of a constant: nodes that end in `t`, tensors.
COMPUTED: dict[str, tuple[list[Any], list[Any]]] = {
    "slice": ([node("Slice", "a st en", "t")], [tensor("a", [9, 1, -1]), tensor("st", [1]), tensor("en", [3])]),
    "where": (
        [node("Equal", "a b", "e"), node("Where", "e c a", "t")],
        [tensor("a", [0, -1]), tensor("b", [0, 5]), tensor("c", [1, 1])],
    ),
    "constant of shape": (
        [node("ConstantOfShape", "a", "f", value=tensor("v", [-1])), node("Concat", "o1 f", "t", axis=0)],
        [tensor("a", [1]), tensor("o1", [1])],
    ),
    "range": ([node("Range", "a b d", "t")], [tensor("a", 1), tensor("b", -3), tensor("d", -2)]),
    "transposed pairs": (
        [node("Reshape", "a sh", "p"), node("Transpose", "p", "q", perm=[1, 0]), node("Reshape", "q m", "r"),
         node("Slice", "r z two", "t")],
        [tensor("a", [1, 7, -1, 7]), tensor("sh", [2, 2]), tensor("m", [-1]), tensor("z", [0]), tensor("two", [2])],
    ),
    "a float that is cast": ([node("Cast", "a", "t", to=7)], [tensor("a", [1.0, -1.0], 1)]),
    "tiled and clipped": (
        [node("Tile", "a n", "b"), node("Clip", "b lo", "c"), node("Sub", "c s", "t")],
        [tensor("a", [-5]), tensor("n", [2]), tensor("lo", 0), tensor("s", [-1, 1])],
    ),
    "what is not zero": ([node("NonZero", "a", "b"), node("Reshape", "b m", "c"), node("Sub", "c s", "t")],
                         [tensor("a", [0, 3, 4]), tensor("m", [-1]), tensor("s", [0, 3])]),
    "cast to the type of what data decide": ([node("CastLike", "a i", "t")], [tensor("a", [1.0, -1.0], 1)]),
    "without axes": ([node("Unsqueeze", "a z", "b"), node("Concat", "b c", "t", axis=0)],
                     [tensor("a", 1), tensor("z", [0]), tensor("c", [-1])]),
}  # fmt: skip


@each("name", COMPUTED)
def test_what_depends_on_constants_is_computed(tmp_path: Path, name: str) -> None:
    """A Reshape to it gives 1x24, which a matrix of 24 rows multiplies."""
    nodes, tensors = COMPUTED[name]
    whole = [*nodes, node("Reshape", "x t", "y"), node("MatMul", "y w", "o")]
    inputs = [given("x", 2, 12), given("i", 3, kind=7)]
    found = read_here(model(whole, inputs, ["o"], [*tensors, weights("w", 24, 2)]), tmp_path)
    assert (costs(found), found.unknown) == ((48, 48), [])


def test_the_same_operation_on_the_same_constants_is_computed_once(tmp_path: Path) -> None:
    """Windows of attention make the same mask again and again; a Slice with other ends is another operation."""

    def steps(ends: list[int]) -> int:
        nodes, last = [], "x"
        for i, end in enumerate(ends):
            nodes += [node("Constant", "", f"e{i}", value=tensor("", [end])), node("Mul", f"e{i} two", f"d{i}"),
                      node("Slice", f"{last} z d{i}", f"y{i}")]  # fmt: skip
            last = f"y{i}"
        path = tmp_path / "model.onnx"
        made = model(nodes, [given("x", 40)], [last], [tensor("two", [2]), tensor("z", [0])])
        path.write_bytes(made.SerializeToString())
        loaded = load(str(path), {}, None)
        walk = Walk(loaded, lambda _: None)
        assert walk.model(loaded).shapes[-1] == (2 * ends[-1],)
        return walk.evaluator.steps

    assert (steps([9] * 9), steps([9, 8, 7, 8, 7])) == (1, 3)


@pytest.mark.parametrize("most", [2, 3, 1])
def test_as_many_operations_as_a_file_may_have_are_walked_and_no_more(tmp_path: Path, most: int) -> None:
    path = tmp_path / "model.onnx"
    made = model([node("Relu", "x", "a"), node("Relu", "a", "y")], [given("x", 3)], ["y"])
    path.write_bytes(made.SerializeToString())
    loaded = load(str(path), {}, None)
    walk = Walk(loaded, lambda _: None)
    walk.most = most
    if most < 2:
        with pytest.raises(Malformed, match="more than 1 operations"):
            walk.model(loaded)
    else:
        assert len(walk.model(loaded).nodes) == 2


def test_what_is_too_large_to_compute_is_listed(tmp_path: Path) -> None:
    """Whoever needs it is, with its reason; a mask of the same size that nobody asks for costs nothing."""
    nodes = [node("Range", "z n one", "r"), node("ReduceMax", "r", "m", keepdims=1), node("Expand", "x m", "y")]
    tensors = [tensor("z", 0), tensor("n", 10**6), tensor("one", 1)]
    found = read_here(model(nodes, [given("x", 1)], ["y"], tensors), tmp_path)
    assert [(m.op, m.reason) for m in found.unknown] == [("Expand", "the size of its output is not known")]
    masked = [node("Range", "z n one", "r"), node("Cast", "r", "f", to=1), node("Add", "x f", "y")]
    assert read_here(model(masked, [given("x", 10**6)], ["y"], tensors), tmp_path).unknown == []
    nodes[2:] = [node("Slice", "s z1 m", "t"), node("Expand", "x t", "y")]  # nor is how long a part that it ends is
    tensors += [tensor("s", [5, 6]), tensor("z1", [0])]
    found = read_here(model(nodes, [given("x", 1)], ["y"], tensors), tmp_path)
    assert [(m.op, m.reason) for m in found.unknown] == [("Expand", "the size of its output is not known")]


CONV = [node("Conv", "x w", "y")]
FILTERS = [weights("w", 4, 3, 1, 1)]

#: Operations that vanished once, or would: outputs without a name, and what contradicts itself.
LISTED = {
    "negative padding": [node("Conv", "x w", "y", pads=[-1, 1, 1, 1])],
    "a kernel that is not the weights'": [node("Conv", "x w", "y", kernel_shape=[5, 5])],
    "a transposed one, negative": [node("ConvTranspose", "x w", "y", pads=[-1, 0, 0, 0])],
    "groups that do not divide": [node("Conv", "x w", "y", group=2)],
    "matrices that do not fit": [node("MatMul", "x w", "y")],
    "sizes from data": [node("NonZero", "x", "n"), node("Cast", "n", "y", to=1)],
    "parts of a size from data": [node("NonZero", "x", "n"), node("Split", "n", "y z", axis=1, num_outputs=2)],
    "nothing known of it": [node("Mystery", "x", "y", domain="own")],
    "a past that is filled as far as the data say": [
        node("GroupQueryAttention", "q q q past past n n", "y", domain="com.microsoft", num_heads=2, kv_num_heads=2)
    ],
    "heads, nobody says how many": [
        node("GroupQueryAttention", "q q q - - n n", "y", domain="com.microsoft", kv_num_heads=2)
    ],
    "weights for other features": [node("Attention", "q w", "y", domain="com.microsoft", num_heads=2)],
    "a domain without its definition": [node("FusedThing", "x", "y", domain="com.microsoft")],
}


@each("name", LISTED)
def test_an_operation_that_is_not_counted_is_listed(tmp_path: Path, name: str) -> None:
    inputs = [given("x", 1, 3, 8, 8), given("q", 1, 5, 8), given("past", 1, 2, 3, 4), given("n", 1, kind=6)]
    found = read_here(model(LISTED[name], inputs, ["y"], [weights("w", 3, 3, 3, 3)]), tmp_path)
    assert LISTED[name][0].op_type in [missing.op.rpartition(".")[2] for missing in found.unknown]
    cost = analyze(found.graph).cost
    assert cost.macs == 0
    assert cost.activation_bytes == 0 or "from data" not in name  # of what has no size, nothing is allocated


@pytest.mark.parametrize(("size", "expected"), [(8, []), (9, ["Conv", "Mystery"])])
def test_what_a_file_says_of_its_tensors_holds_for_its_own_inputs(
    tmp_path: Path, size: int, expected: list[str]
) -> None:
    """What comes out of an operation that is not known is in the file; and forgotten where the input is another."""
    nodes = [node("Mystery", "x", "m", domain="own"), node("Conv", "m w", "y")]
    made = model(nodes, [given("x", 1, 3, 8, 8)], ["y"], FILTERS)
    made.graph.value_info.append(given("m", 1, 3, 8, 8))
    found = read_here(made, tmp_path, {"x": (1, 3, size, size)})
    assert costs(found) == (12, 0 if expected else 64 * 12)
    assert sorted({m.op.rpartition(".")[2] for m in found.unknown} - ({"Mystery"} if size == 8 else set())) == expected


def test_an_output_without_a_name_hides_nothing(tmp_path: Path) -> None:
    nodes = [node("LSTM", "x w r", "- h", hidden_size=8)]
    found = read_here(model(nodes, [given("x", 5, 1, 4)], ["h"], [weights("w", 1, 32, 4), weights("r", 1, 32, 8)]),
                      tmp_path)  # fmt: skip
    assert (costs(found), found.unknown) == ((384, 5 * 32 * 12), [])


def test_params_need_no_size_of_an_activation(tmp_path: Path) -> None:
    nodes = [node("NonZero", "x", "n"), node("Cast", "n", "c", to=1), node("MatMul", "w c", "y")]
    found = read_here(model(nodes, [given("x", 4, 4)], ["y"], [weights("w", 100, 2)]), tmp_path)
    assert (costs(found), found.params_complete) == ((200, 0), True)


def test_params_of_an_operation_that_is_not_known_are_said_not_to_be(tmp_path: Path) -> None:
    nodes = [node("Mystery", "x w", "y", domain="own")]
    with_weights = read_here(model(nodes, [given("x", 4, 4)], ["y"], [weights("w", 100, 2)]), tmp_path)
    nodes = [node("Mystery", "x", "y", domain="own")]
    assert (with_weights.params_complete, costs(with_weights)[0]) == (False, 200)
    assert read_here(model(nodes, [given("x", 4, 4)], ["y"]), tmp_path).params_complete


@pytest.mark.parametrize(
    ("attributes", "complete"),
    [
        ({"coefficients": [0.5, 0.25]}, False),  # a linear classifier's
        ({"leaf_weights": weights("l", 9)}, False),  # a tree's
        ({"decoder": helper.make_graph([node("MatMul", "a w", "b")], "g", [], [], [weights("w", 3, 3)])}, False),
        ({"keys": [1, 2], "mode": "linear", "slope": 0.5}, True),
    ],
)
def test_params_in_the_attributes_of_an_unknown_operation_are_not_called_complete(
    attributes: dict[str, Any], complete: bool, tmp_path: Path
) -> None:
    """Classical learners have their numbers there, searches the whole network that they call."""
    nodes = [node("Mystery", "x", "y", domain="ai.onnx.ml", **attributes)]
    assert read_here(model(nodes, [given("x", 4, 4)], ["y"]), tmp_path).params_complete is complete


#: What weights pass through on their way to a convolution: the operations, and other tensors they need.
PASSED: dict[str, tuple[list[Any], list[Any]]] = {
    "Pad": ([node("Pad", "w pd", "v")], [tensor("pd", [0] * 8)]),
    "Expand": ([node("Expand", "w es", "v")], [tensor("es", [1, 1, 1, 1])]),
    "Where": ([node("Where", "c w z", "v")], [tensor("c", [1], 9), tensor("z", [0.0], 1)]),
    "Pow": ([node("Pow", "w two", "v")], [tensor("two", 2.0, 1)]),
    "Clip": ([node("Clip", "w lo hi", "v")], [tensor("lo", 0.0, 1), tensor("hi", 1.0, 1)]),
    "Mul": ([node("Mul", "w two", "v")], [tensor("two", 2.0, 1)]),
    "Transpose": ([node("Transpose", "w", "v", perm=[0, 1, 3, 2])], []),
    "Identity": ([node("Identity", "w", "v")], []),
    "Gather": ([node("Gather", "w all", "v")], [tensor("all", list(range(16)))]),
    "Slice": ([node("Slice", "w st en", "v")], [tensor("st", [0]), tensor("en", [16])]),
    "Resize": ([node("Resize", "w - - sz", "v")], [tensor("sz", [16, 3, 3, 3])]),
    "DequantizeLinear": (
        [node("DequantizeLinear", "w8 sc", "v")], [weights("w8", 16, 3, 3, 3, kind=3), tensor("sc", 1.0, 1)],
    ),
}  # fmt: skip


@each("name", PASSED)
def test_params_belong_to_whoever_holds_them(tmp_path: Path, name: str) -> None:
    """16 filters of 3x3x3, and nothing of what they were changed with."""
    nodes, tensors = PASSED[name]
    made = model([*nodes, node("Conv", "x v", "y")], [given("x", 1, 3, 8, 8)], ["y"],
                 [weights("w", 16, 3, 3, 3), *tensors])  # fmt: skip
    found = read_here(made, tmp_path)
    assert (costs(found), found.unknown) == ((432, 15552), [])


def test_a_norm_of_weights_adds_its_own(tmp_path: Path) -> None:
    """Weight standardisation: a BatchNormalization of constants, whose scale and shift are learned, too."""
    nodes = [node("BatchNormalization", "w s b m v", "n"), node("Reshape", "n sh", "k"), node("Conv", "x k", "y")]
    tensors = [weights("w", 1, 16, 27), *[weights(name, 16) for name in "sbmv"], tensor("sh", [16, 3, 3, 3])]
    assert costs(read_here(model(nodes, [given("x", 1, 3, 8, 8)], ["y"], tensors), tmp_path)) == (464, 15552)


def test_weights_that_two_read_count_once_and_literals_never(tmp_path: Path) -> None:
    literal = node("Constant", "", "c", value=weights("", 1, 4))
    nodes = [literal, node("Add", "x c", "a"), node("MatMul", "a w", "b"), node("MatMul", "b w", "y")]
    assert costs(read_here(model(nodes, [given("x", 2, 4)], ["y"], [weights("w", 4, 4)]), tmp_path)) == (16, 64)


def test_what_is_filled_with_one_number_is_weights_where_it_is_read_and_a_mask_where_it_is_written_over(
    tmp_path: Path,
) -> None:
    fill = node("ConstantOfShape", "s", "c")
    tensors = [tensor("s", [4, 8]), helper.make_tensor("at", 7, [2, 1], [0, 1]), weights("w", 2, 8)]
    read = [fill, node("Transpose", "c", "t", perm=[1, 0]), node("MatMul", "x t", "y")]
    assert costs(read_here(model(read, [given("x", 4, 8)], ["y"], tensors), tmp_path)) == (32, 4 * 8 * 4)
    written = [fill, node("ScatterND", "c at w", "m"), node("Add", "x m", "y")]
    assert costs(read_here(model(written, [given("x", 4, 8)], ["y"], tensors), tmp_path)) == (16, 0)


@each("field", [bytes((13, 1, 2, 3, 4)), bytes((9, 1, 2, 3, 4, 5, 6, 7, 8)), bytes((8, 128, 1)), bytes((10, 2, 1, 2))])
def test_a_field_of_any_encoding_is_kept_in_front_of_weights_that_are_not(field: bytes) -> None:
    """Four bytes, eight, a number of any length, text, as Protocol Buffers have them; then 1,992 bytes of weights."""
    tensor = bytes((8, 100, 16, 1)) + bytes((9 << 3 | 2, 200, 15)) + bytes(1992)
    found = without_weights(field + bytes((7 << 3 | 2, 210, 15, 5 << 3 | 2, 207, 15)) + tensor)
    assert found == field + bytes.fromhex("3a 08 2a 06 08 64 10 01 70 01")


@pytest.mark.parametrize(("name", "worked_out"), [("attn.lifted_tensor_0", 64), ("attn.lifted_tensors", 0)])
def test_params_that_torch_export_has_worked_out_are_told(tmp_path: Path, name: str, worked_out: int) -> None:
    """They are in the file, and count; the name says that no module learns them."""
    found = read_here(
        model([node("Add", f"x {name}", "y")], [given("x", 8, 8)], ["y"], [weights(name, 8, 8)]), tmp_path
    )
    assert (costs(found)[0], found.worked_out) == (64, worked_out)


def test_products_of_constants_are_counted_and_marked(tmp_path: Path) -> None:
    """An engine that does not fold them executes them; what else is done to constants costs nothing."""
    nodes = [node("MatMul", "c w", "t"), node("Relu", "t", "r"), node("Add", "x r", "y")]
    found = read_here(model(nodes, [given("x", 4, 8)], ["y"], [weights("c", 4, 16), weights("w", 16, 8)]), tmp_path)
    cost = analyze(found.graph).cost
    assert (cost.params, cost.macs, cost.elementwise) == (64 + 128, 512, 32)
    assert [n.op.kind for n in found.graph.nodes if getattr(n.op, "macs", 0)] == ["mat-mul-of-constants"]


def test_a_table_of_coordinates_that_multiplies_weights_is_none(tmp_path: Path) -> None:
    """Attention's biases are made of one; as many columns as an embedding has are learned."""
    for columns, params in ((2, 2 * 8), (16, 16 * 8 + 4 * 16)):
        nodes = [node("MatMul", "c w", "t"), node("Add", "x t", "y")]
        tensors = [weights("c", 4, columns), weights("w", columns, 8)]
        found = read_here(model(nodes, [given("x", 4, 8)], ["y"], tensors), tmp_path)
        assert costs(found) == (params, 4 * columns * 8)


@pytest.mark.parametrize(
    ("name", "params"),
    [("block.0.gain", 1), ("onnx::Mul_3", 0), ("/block/c", 0), ("half", 0), ("block.0.lifted_tensor_0", 0)],
)
def test_a_single_number_is_a_param_where_it_has_the_name_of_one(tmp_path: Path, name: str, params: int) -> None:
    nodes = [node("Mul", f"x {name}", "y")]
    found = read_here(model(nodes, [given("x", 4, 8)], ["y"], [tensor(name, [1.0], 1)]), tmp_path)
    assert costs(found)[0] == params


def loop(count: list[Any], condition: Any = None, state: list[Any] | None = None) -> Any:
    """A Loop of a product with `w`; `condition` makes `go`, which it goes on with."""
    body = helper.make_graph(
        [*(condition or [node("Identity", "c", "go")]), *(state or [node("MatMul", "a w", "b")])], "body",
        [given("i", kind=7), given("c", kind=9), helper.make_empty_tensor_value_info("a")],
        [given("go", kind=9), helper.make_empty_tensor_value_info("b")],
    )  # fmt: skip
    return [*count, node("Loop", "n cond x", "y", body=body)]


FROM_SHAPE = [node("Shape", "z", "s"), node("Gather", "s i0", "n")]
TENSORS = [tensor("i0", 0), tensor("cond", 1, 9), tensor("three", 3), tensor("two", 2), weights("w", 8, 8)]
GIVEN = [given("x", 1, 8), given("z", 7, 8), given("m", kind=7), given("q", kind=9)]


def test_a_trip_count_follows_from_a_shape(tmp_path: Path) -> None:
    found = read_here(model(loop(FROM_SHAPE), GIVEN, ["y"], TENSORS), tmp_path)
    assert (costs(found), found.unknown, found.upper_bound) == ((64, 7 * 64), [], False)


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ([node("Less", "i three", "go")], 4),  # the run after which 3 is no longer below 3 is the fourth
        ([node("Greater", "i three", "go")], 1),
        ([node("Not", "c", "go")], 1),
        ([node("Or", "c c", "go")], 7),
    ],
)
def test_a_condition_that_follows_from_the_run_is_evaluated(tmp_path: Path, condition: Any, runs: int) -> None:
    found = read_here(model(loop(FROM_SHAPE, condition), GIVEN, ["y"], TENSORS), tmp_path)
    assert (costs(found), found.unknown) == ((64, runs * 64), [])


def test_a_loop_that_does_not_start_costs_nothing(tmp_path: Path) -> None:
    tensors = [t if t.name != "cond" else tensor("cond", 0, 9) for t in TENSORS]
    for condition in (None, [node("And", "c q", "go")]):
        found = read_here(model(loop(FROM_SHAPE, condition), GIVEN, ["y"], tensors), tmp_path)
        assert (costs(found), found.upper_bound) == ((64, 0), False)


def test_after_a_single_run_no_condition_matters(tmp_path: Path) -> None:
    made = model(loop([node("Identity", "one", "n")], [node("And", "c q", "go")]), GIVEN, ["y"],
                 [*TENSORS, tensor("one", 1)])  # fmt: skip
    found = read_here(made, tmp_path)
    assert (costs(found), found.unknown, found.upper_bound) == ((64, 64), [], False)


def test_a_condition_that_depends_on_data_gives_an_upper_bound(tmp_path: Path) -> None:
    found = read_here(model(loop(FROM_SHAPE, [node("And", "c q", "go")]), GIVEN, ["y"], TENSORS), tmp_path)
    assert (costs(found), found.unknown, found.upper_bound) == ((64, 7 * 64), [], True)


def test_a_trip_count_that_depends_on_data_is_partial(tmp_path: Path) -> None:
    found = read_here(model(loop([node("Identity", "m", "n")]), GIVEN, ["y"], TENSORS), tmp_path)
    assert costs(found) == (64, 64)
    assert [(m.op, m.count) for m in found.unknown] == [("Loop", 1)]


def test_runs_with_other_sizes_are_walked_one_by_one(tmp_path: Path) -> None:
    """A state that doubles, from one row to four: 1 + 2 + 4 rows are multiplied."""
    state = [node("MatMul", "a w", "p"), node("Concat", "p a", "b", axis=0)]
    made = model(loop([node("Identity", "three", "n")], state=state), GIVEN, ["y"], TENSORS)
    found = read_here(made, tmp_path)
    assert (costs(found), found.unknown) == ((64, 7 * 64), [])
    assert analyze(found.graph).output_shape == (8, 8)


def test_a_loop_of_more_operations_than_a_file_may_have_is_partial(tmp_path: Path) -> None:
    """100 runs of 60 operations, of other sizes each, are not walked; one run counts."""
    state = [*[node("Relu", "a" if i == 0 else f"r{i - 1}", f"r{i}") for i in range(58)],
             node("Concat", "r57 a", "b", axis=0)]  # fmt: skip
    made = model(
        loop([node("Identity", "hundred", "n")], state=state), GIVEN, ["y"], [*TENSORS, tensor("hundred", 100)]
    )
    found = read_here(made, tmp_path)
    assert [(m.op, m.reason) for m in found.unknown] == [("Loop", "its sizes change from run to run")]
    assert analyze(found.graph).cost.elementwise == 100 * 58 * 8


def branches(condition: list[Any]) -> list[Any]:
    then = helper.make_graph([node("Relu", "x", "p")], "then", [], [helper.make_empty_tensor_value_info("p")])
    other = helper.make_graph([node("MatMul", "x w", "o")], "else", [], [helper.make_empty_tensor_value_info("o")])
    return [*condition, node("If", "c", "y", then_branch=then, else_branch=other)]


@pytest.mark.parametrize(("op", "expected"), [("Less", (0, 0)), ("Greater", (64, 64))])
def test_a_condition_that_follows_from_a_shape_decides(tmp_path: Path, op: str, expected: tuple[int, int]) -> None:
    condition = [node("Shape", "x", "s"), node("Gather", "s i0", "n"), node(op, "n two", "c")]
    found = read_here(model(branches(condition), GIVEN, ["y"], TENSORS), tmp_path)
    assert (costs(found), found.upper_bound) == (expected, False)


def test_of_two_branches_without_products_the_one_with_more_operations_counts(tmp_path: Path) -> None:
    then = helper.make_graph([node("Softmax", "x", "p")], "then", [], [helper.make_empty_tensor_value_info("p")])
    other = helper.make_graph([node("Relu", "x", "o")], "else", [], [helper.make_empty_tensor_value_info("o")])
    found = read_here(model([node("If", "q", "y", then_branch=then, else_branch=other)], GIVEN, ["y"]), tmp_path)
    assert analyze(found.graph).cost.elementwise == 40


def test_what_branches_leave_behind_is_not_taken_for_a_constant(tmp_path: Path) -> None:
    """A size that data decide between is not known."""
    then = helper.make_graph([node("Identity", "one", "p")], "then", [], [helper.make_empty_tensor_value_info("p")])
    other = helper.make_graph([node("Identity", "nine", "o")], "else", [], [helper.make_empty_tensor_value_info("o")])
    nodes = [node("If", "q", "s", then_branch=then, else_branch=other), node("Expand", "x s", "y")]
    tensors = [tensor("one", [1, 1]), tensor("nine", [9, 1])]
    found = read_here(model(nodes, GIVEN, ["y"], tensors), tmp_path)
    assert [m.op for m in found.unknown] == ["Expand"]


def test_of_branches_that_data_decide_the_dearer_counts_and_params_of_both(tmp_path: Path) -> None:
    then = helper.make_graph([node("Add", "x v", "p")], "then", [], [helper.make_empty_tensor_value_info("p")])
    other = helper.make_graph([node("MatMul", "x w", "o")], "else", [], [helper.make_empty_tensor_value_info("o")])
    nodes = [node("If", "q", "y", then_branch=then, else_branch=other)]
    for made in (nodes, [node("If", "q", "y", then_branch=other, else_branch=then)]):
        found = read_here(model(made, GIVEN, ["y"], [*TENSORS, weights("v", 8)]), tmp_path)
        assert (costs(found), found.upper_bound) == ((64 + 8, 64), True)


def scan_of(opset: int, sizes: tuple[int, ...]) -> Any:
    body = helper.make_graph([node("MatMul", "p w", "q"), node("Add", "q a", "b")], "body",
                             [given("a", 1, 8), given("p", 1, 8)], [given("b", 1, 8), given("q", 1, 8)])  # fmt: skip
    names = "- x0 x" if opset < 9 else "x0 x"
    first = (sizes[0], 1, 8) if opset < 9 else (1, 8)
    return model([node("Scan", names, "y z", num_scan_inputs=1, body=body)],
                 [given("x0", *first), given("x", *sizes)], ["y", "z"], TENSORS, opset)  # fmt: skip


@pytest.mark.parametrize(("opset", "sizes", "runs"), [(17, (5, 1, 8), 5), (8, (3, 5, 1, 8), 15)])
def test_a_scan_runs_once_for_each_part(tmp_path: Path, opset: int, sizes: tuple[int, ...], runs: int) -> None:
    """In its first version for each part of each of a batch."""
    found = read_here(scan_of(opset, sizes), tmp_path)
    assert (costs(found), found.unknown) == ((64, runs * 64), [])


def test_a_scan_over_data_is_partial_and_runs_once(tmp_path: Path) -> None:
    made = scan_of(17, (5, 1, 8))
    graph = made.graph
    graph.node[0].input[1] = "part"
    graph.node.insert(0, node("Compress", "x mask", "part", axis=0))
    graph.input.append(given("mask", 5, kind=9))
    found = read_here(made, tmp_path)
    assert costs(found) == (64, 64)
    assert "Scan" in [m.op for m in found.unknown]


def test_blocks_have_as_many_channels_as_convolutions_over_them_allow(tmp_path: Path) -> None:
    """16 or 8: of 3 channels 16 or 8 are made, whose products are executed."""
    for channels, block in ((32, 16), (24, 8)):
        nodes = [node("ReorderInput", "x", "b", domain="com.microsoft.nchwc"),
                 node("Conv", "b w", "y", domain="com.microsoft.nchwc")]  # fmt: skip
        tensors = [weights("w", channels, block, 1, 1)]
        found = read_here(model(nodes, [given("x", 1, 3, 4, 4)], ["y"], tensors), tmp_path)
        assert (costs(found)[1], found.unknown) == (16 * channels * block, [])


def test_the_attributes_of_a_call_are_those_of_its_function(tmp_path: Path) -> None:
    """By name, with the function's own where the call has none; and an input that the call leaves out is none."""
    body = [node("Conv", "x w b", "y")]
    for name in ("strides", "pads"):
        body[0].attribute.add(name=name, ref_attr_name=name, type=onnx.AttributeProto.INTS)
    opsets = [helper.make_opsetid("", 17)]
    function = helper.make_function(
        "own", "conv", ["x", "w", "b"], ["y"], body, opsets, attributes=["strides"],
        attribute_protos=[helper.make_attribute("pads", [1, 1, 1, 1])],
    )  # fmt: skip
    nodes = [node("conv", "x k", "y", domain="own", strides=[2, 2])]
    made = model(nodes, [given("x", 1, 3, 8, 8)], ["y"], [weights("k", 4, 3, 3, 3)], functions=[function])
    found = read_here(made, tmp_path)
    assert (costs(found), found.unknown) == ((108, 16 * 108), [])


def test_a_definition_that_onnx_has_is_followed(tmp_path: Path) -> None:
    """AffineGrid has no rule, but a body with a product: 3x4 by 4 for each of 4x5 points, for both images."""
    nodes = [node("AffineGrid", "x sz", "y")]
    made = model(nodes, [given("x", 2, 2, 3)], ["y"], [tensor("sz", [2, 1, 4, 5])], 20)
    found = read_here(made, tmp_path)
    assert (costs(found), found.unknown) == ((0, 2 * 12 * 20), [])


def test_the_long_name_of_the_own_domain_is_the_short_one(tmp_path: Path) -> None:
    """Since version 13 the axes of ReduceSum are an input: of 2x3 by 3x5 the sums of 2 rows are left."""
    nodes = [node("MatMul", "x w", "m"), node("ReduceSum", "m one", "y", domain="ai.onnx")]
    made = model(nodes, [given("x", 2, 3)], ["y"], [weights("w", 3, 5), tensor("one", [1])])
    found = read_here(made, tmp_path)
    assert (found.unknown, analyze(found.graph).output_shape) == ([], (2, 1))


def test_the_first_input_that_has_sizes_is_that_of_the_graph(tmp_path: Path) -> None:
    """A number that the network takes besides, such as a step or a temperature, has none."""
    nodes = [*CONV, node("Mul", "y t", "z")]
    found = read_here(model(nodes, [given("t"), given("x", 1, 3, 5, 4)], ["z"], FILTERS), tmp_path)
    assert (found.graph.input_shape, found.unknown) == ((1, 3, 5, 4), [])


@pytest.mark.parametrize("opset", [11, 17, 22])
def test_no_window_of_a_pooling_starts_in_the_padding(tmp_path: Path, opset: int) -> None:
    """As engines have it: 5 with a padding of 1, in windows of 2 every 2, is 3 of them, and not 4."""
    nodes = [node("MaxPool", "x", "p", kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1),
             node("Conv", "p w", "y")]  # fmt: skip
    found = read_here(model(nodes, [given("x", 1, 3, 5, 5)], ["y"], [weights("w", 4, 3, 1, 1)], opset), tmp_path)
    assert (costs(found)[1], found.unknown) == (9 * 12, [])


def test_a_file_that_engines_refuse_is_not_complete(tmp_path: Path) -> None:
    """Where what follows needs those windows, and ONNX's own rule counts others."""
    nodes = [node("MaxPool", "x", "p", kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1),
             node("Flatten", "p", "f"), node("Gemm", "f w", "y")]  # fmt: skip
    found = read_here(model(nodes, [given("x", 1, 3, 5, 5)], ["y"], [weights("w", 27, 10)]), tmp_path)
    assert (costs(found), [m.op for m in found.unknown]) == ((270, 270), ["MaxPool"])


@each("names", [("?", "?"), ("", ""), ("-1", "-1"), (-1, -1), ("size", "size"), ("h", "w")])
def test_a_size_that_is_given_settles_its_input(tmp_path: Path, names: tuple[str | int, str | int]) -> None:
    """Whatever the file calls its sizes: placeholders are no names, and what is given is said in full."""
    made = model(CONV, [given("x", 1, 3, *names)], ["y"], FILTERS)
    found = read_here(made, tmp_path, {"x": (1, 3, 48, 192)})
    assert (costs(found), found.unknown) == ((12, 48 * 192 * 12), [])


@each(
    ("sizes", "proposed", "batch"),
    [
        (("N", 3, 224, 224), "1x3x224x224", True),
        (("N", 3, "h", "w"), "1x3x224x224", False),
        ((1, "c", "h", "w"), "1x3x224x224", False),
        (("N", "h", "w", 3), "1x224x224x3", False),
        (("N", "?"), "1x128", False),
        ((-1, 3, 8, 8), "1x3x8x8", True),
    ],
)
def test_a_hint_proposes_sizes_that_can_be_used(
    tmp_path: Path, sizes: tuple[int | str, ...], proposed: str, batch: bool
) -> None:
    """And a batch only where it would be enough."""
    path = tmp_path / "model.onnx"
    path.write_bytes(model([node("Relu", "x", "y")], [given("x", *sizes)], ["y"]).SerializeToString())
    with pytest.raises(SpecError) as caught:
        read_onnx(str(path), {}, None)
    assert caught.value.hint == f"--input x={proposed}" + (", or --batch 1" if batch else "")


def test_an_axis_has_18_digits_at_most(tmp_path: Path) -> None:
    nodes = [node("Relu", "x", "y")]
    largest = 10**18 - 1
    assert read_here(model(nodes, [given("x", largest)], ["y"]), tmp_path).graph.input_shape == (largest,)
    with pytest.raises(SpecError, match=f"dimension 0 of input 'x' is {10**18}"):
        read_here(model(nodes, [given("x", 10**18)], ["y"]), tmp_path)


def test_a_name_ties_inputs_together_unless_it_would_be_two_sizes(tmp_path: Path) -> None:
    nodes = [node("Add", "x z", "y")]
    tied = model(nodes, [given("x", "n", 4), given("z", "n", 4)], ["y"])
    assert read_here(tied, tmp_path, {"x": (5, 4)}).graph.nodes[0].op.output_shape == (5, 4)
    torn = model(nodes, [given("x", "n", "n"), given("z", "n", 4)], ["y"])
    with pytest.raises(SpecError, match=r"dimension 0 \('n'\) of input 'z' has no size"):
        read_here(torn, tmp_path, {"x": (5, 4)})


def test_each_tensor_has_its_own_type(tmp_path: Path) -> None:
    """Four bits share a byte, a bias has 32 of them, and what is computed has what the file says."""
    kinds = {"w": onnx.TensorProto.INT4, "b": onnx.TensorProto.INT32}
    tensors = [helper.make_tensor("w", kinds["w"], [16, 3, 3, 3], [0] * 432), tensor("s", 1.0, 1)]
    nodes = [node("DequantizeLinear", "w s", "v"), node("Conv", "x v", "c"), node("Cast", "c", "y", to=11)]
    graph = read_here(model(nodes, [given("x", 1, 3, 8, 8)], ["y"], tensors, 21), tmp_path).graph
    assert graph.value_types == ("fp32", "fp32", "fp64")
    assert graph.weight_types == ((("int4", 432),), ())
    assert (analyze(graph).cost.weight_bytes, graph.dtype) == (216, "int4")


@pytest.mark.parametrize("scales", [(), (8, 1, 1)], ids=["one", "one a channel"])
def test_scales_of_weights_that_a_dynamic_quantisation_multiplies_are_no_params(
    scales: tuple[int, ...], tmp_path: Path
) -> None:
    """With the scale that is taken of the data, or with the products of integers, whatever their names are."""
    nodes = [
        node("DynamicQuantizeLinear", "x", "q s z"),
        node("ConvInteger", "q w z", "c", pads=[1, 1, 1, 1]),
        node("Cast", "c", "f", to=1),
        node("Mul", "s layer.weight_scale", "m"),
        node("Mul", "f m", "g"),
        node("ConvInteger", "q w z", "d", pads=[1, 1, 1, 1]),
        node("Cast", "d", "e", to=1),
        node("Mul", "e layer.other_scale", "h"),
        node("Add", "g layer.bias", "b"),
        node("Add", "b h", "y"),
    ]
    tensors = [
        weights("w", 8, 3, 3, 3, kind=3), weights("layer.weight_scale", *scales),
        weights("layer.other_scale", *scales), weights("layer.bias", 8, 1, 1),
    ]  # fmt: skip
    found = read_here(model(nodes, [given("x", 1, 3, 8, 8)], ["y"], tensors), tmp_path)
    assert (costs(found)[0], found.unknown) == (216 + 8, [])


SAID_SIZES = [node("Conv", "x w", "c"), node("Reshape", "c s", "y")]
MADE_SIZES = [
    node("Conv", "x w", "c"), node("Shape", "c", "d"), node("Gather", "d zero", "n"), node("Unsqueeze", "n first", "u"),
    node("Concat", "u rest", "r", axis=0), node("Reshape", "c r", "y"),
]  # fmt: skip


@pytest.mark.parametrize("nodes", [SAID_SIZES, MADE_SIZES], ids=["stored", "computed"])
def test_nothing_is_loaded_to_compute_with_where_sizes_are_integers(nodes: list[Any], tmp_path: Path) -> None:
    """A network whose sizes are in the file, or made of other sizes, starts without NumPy: 0.3 s of its time."""
    import subprocess
    import sys

    path = tmp_path / "model.onnx"
    integers = [tensor("s", [1, -1]), tensor("zero", 0), tensor("first", [0]), tensor("rest", [-1])]
    path.write_bytes(model(nodes, [given("x", 1, 3, 8, 8)], ["y"], [*FILTERS, *integers]).SerializeToString())
    code = (
        "import sys; from convcost.networks.onnx import read; read.isolated = lambda work, *_: work(lambda _: None);"
        "found = read.read_onnx(sys.argv[1], {}, None); assert not found.unknown; assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


@pytest.mark.parametrize("condition", [node("Identity", "c", "d"), node("Less", "i four", "d")], ids=["count", "until"])
def test_what_the_runs_of_a_loop_make_is_put_behind_one_another(tmp_path: Path, condition: Any) -> None:
    """A tensor of its own, read and written once; the last state is none. It stops after as many or when it says so."""
    parts = [condition, node("Add", "a w", "b"), node("Mul", "b b", "m"), node("Abs", "b", "e")]
    inputs = [given("i", kind=7), given("c", kind=9), given("a", 2, 3)]
    body = helper.make_graph(parts, "body", inputs, [given("d", kind=9), given("b", 2, 3), given("m", 2, 3),
                                                     given("e", 2, 3)])  # fmt: skip
    whole = [node("Loop", "n - x", "last made other", body=body), node("Concat", "made other", "y", axis=0)]
    tensors = [tensor("n", 5 if condition.op_type == "Identity" else 9), tensor("four", 4), weights("w", 2, 3)]
    found = read_here(model(whole, [given("x", 2, 3)], ["y"], tensors), tmp_path)
    made = [n.op for n in found.graph.nodes if getattr(n.op, "kind", "") == "loop-output"]
    assert [(op.output_shape, op.moved) for op in made] == [((5, 2, 3), 60)] * 2
    cost = analyze(found.graph).cost
    assert (cost.params, cost.elementwise, found.unknown) == (6, 5 * 3 * 6, [])


def test_what_is_not_known_in_the_cheaper_branch_is_listed_too(tmp_path: Path) -> None:
    """The data may take it; what both have is listed once."""
    odd = [node("Mystery", "x", "m", domain="own"), node("Mystery", "x", "n", domain="own")]
    dear = helper.make_graph([odd[1], node("MatMul", "x w", "p")], "t", [], [given("p", 2, 3)])
    cheap = helper.make_graph([*odd, node("Puzzle", "x", "q", domain="own")], "e", [], [given("q", 2, 3)])
    whole = [node("If", "c", "y", then_branch=dear, else_branch=cheap)]
    found = read_here(model(whole, [given("c", kind=9), given("x", 2, 3)], ["y"], [weights("w", 3, 3)]), tmp_path)
    assert [missing.op for missing in found.unknown] == ["own.Mystery", "own.Puzzle"]
    assert (found.upper_bound, costs(found)) == (True, (9, 18))


def large(field: str) -> Any:
    """A tensor of 2,000 numbers in that field of ONNX's record."""
    content = {
        "raw_data": (1, bytes(8000)), "float_data": (1, [1.5] * 2000), "int32_data": (10, [300] * 2000),
        "double_data": (11, [1.5] * 2000), "uint64_data": (13, [9] * 2000), "string_data": (8, [b"abc"] * 2000),
        "int64_data": (7, [2**40] * 40_000),
    }  # fmt: skip
    kind, numbers = content[field]
    made = onnx.TensorProto(name="w", dims=[len(numbers)], data_type=kind)
    setattr(made, field, numbers) if field == "raw_data" else getattr(made, field).extend(numbers)
    return made


@each("field", ["raw_data", "float_data", "int32_data", "double_data", "uint64_data", "string_data", "int64_data"])
def test_numbers_of_weights_are_left_out_whichever_field_they_are_in(field: str) -> None:
    """What is left says that they are elsewhere; name, sizes and type stay."""
    graph = onnx.GraphProto(name="g", initializer=[large(field)])
    whole = onnx.ModelProto(graph=graph).SerializeToString()
    (found,) = onnx.ModelProto.FromString(without_weights(whole)).graph.initializer
    assert found == onnx.TensorProto(
        name="w", dims=large(field).dims, data_type=large(field).data_type, data_location=1
    )


def test_integers_that_may_be_sizes_are_kept() -> None:
    """As far as they are not too many; so are small tensors of any type."""
    sizes = onnx.TensorProto(name="s", dims=[2000], data_type=7, int64_data=[3] * 2000)
    few = onnx.TensorProto(name="f", dims=[200], data_type=1, float_data=[3.5] * 200)
    whole = onnx.ModelProto(graph=onnx.GraphProto(initializer=[sizes, few])).SerializeToString()
    assert without_weights(whole) == whole


def _in_a_node(**content: Any) -> Any:
    attribute = onnx.AttributeProto(name="a", **content)
    return onnx.NodeProto(op_type="Constant", attribute=[attribute])


def _sparse() -> Any:
    return onnx.SparseTensorProto(values=large("raw_data"), indices=large("int64_data"), dims=[9])


#: Models by where a large tensor is in them.
PLACES: dict[str, Any] = {
    "a graph": lambda: {"graph": onnx.GraphProto(initializer=[large("raw_data")])},
    "a graph, sparse": lambda: {"graph": onnx.GraphProto(sparse_initializer=[_sparse()])},
    "an operation": lambda: {"graph": onnx.GraphProto(node=[_in_a_node(t=large("raw_data"))])},
    "a list": lambda: {"graph": onnx.GraphProto(node=[_in_a_node(tensors=[large("raw_data")] * 2)])},
    "a sparse constant": lambda: {"graph": onnx.GraphProto(node=[_in_a_node(sparse_tensor=_sparse())])},
    "a branch": lambda: {
        "graph": onnx.GraphProto(node=[_in_a_node(g=onnx.GraphProto(initializer=[large("raw_data")]))])
    },
    "branches": lambda: {
        "graph": onnx.GraphProto(node=[_in_a_node(graphs=[onnx.GraphProto(initializer=[large("raw_data")])])])
    },
    "a function": lambda: {"functions": [onnx.FunctionProto(name="f", node=[_in_a_node(t=large("raw_data"))])]},
}


@each("place", PLACES)
def test_weights_are_left_out_wherever_they_are(place: str) -> None:
    """In less than a hundred bytes there is nothing but their records, and it is still a model."""
    found = without_weights(onnx.ModelProto(**PLACES[place]()).SerializeToString())
    assert len(found) < 100
    again = onnx.ModelProto.FromString(found)
    assert (len(again.graph.node) + len(again.functions) + len(again.graph.initializer) +
            len(again.graph.sparse_initializer)) == 1  # fmt: skip


@pytest.mark.parametrize(("axis", "kinds"), [(1, ["Split", "Split"]), (-2, ["Split", "Split"]), (2, ["split", "split"]),
                                             (-1, ["split", "split"]), (0, ["split", "split"])])  # fmt: skip
def test_parts_of_channels_are_splits_and_others_are_views(tmp_path: Path, axis: int, kinds: list[str]) -> None:
    """From either end; each part begins where the one before it ends."""
    made = model([node("Split", "x", "p q", axis=axis, num_outputs=2)], [given("x", 4, 6, 8)], ["p", "q"], opset=18)
    found = read_here(made, tmp_path)
    ops = [one.op for one in found.graph.nodes if one.name.startswith("p")]
    assert [getattr(op, "kind", type(op).__name__) for op in ops] == kinds
    assert kinds[0] == "split" or [(op.start, op.stop) for op in ops] == [(0, 3), (3, 6)]
    assert found.unknown == []
    flat = model([node("Split", "x", "p q", axis=1, num_outputs=2)], [given("x", 4, 6)], ["p", "q"], opset=18)
    assert [type(one.op).__name__ for one in read_here(flat, tmp_path).graph.nodes][:2] == ["Split", "Split"]


@each(
    ("sizes", "text"),
    [
        ((1, 3, "h", "?"), "1x3xhx?"), ((-1, "-1"), "?x-1"), ((), ""), ((1,) * 8, "1x1x1x1x1x1x1x1"),
        ((1,) * 9, "1x1x1x1x1x1x1x1x…"), (("",), "?"),
    ],
)  # fmt: skip
def test_eight_dimensions_are_shown_at_most(sizes: tuple[int | str, ...], text: str) -> None:
    """What has neither a size nor a name is a question."""
    assert show_dims(given("x", *sizes).type.tensor_type.shape.dim) == text


def test_a_tensor_has_as_many_axes_and_numbers_as_can_be_counted() -> None:
    """64 and 10 to the power of 60; a size that is not known is none of them."""
    assert countable((10**30, 10**30, *[1] * 62)) == (10**30, 10**30, *[1] * 62)
    assert countable((10**60, None)) == (10**60, None)
    for sizes in ((10**60 + 1,), (10**60, 2), (1,) * 65):
        with pytest.raises(Malformed, match=f"of {len(sizes)} axes, is too large to count: 64 axes and 60 digits"):
            countable(sizes)
