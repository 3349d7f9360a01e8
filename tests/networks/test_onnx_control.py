"""If, Loop and Scan in an ONNX model: which runs are walked, what each of them sees, and what they leave behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from networks.onnx_models import model, onnx, read_here
from networks.test_onnx_walk import costs, given, node, tensor, weights
from tables import each

from convcost.analysis import analyze
from convcost.graph.ops import Conv, Counted, Node
from convcost.networks.onnx.load import load
from convcost.networks.onnx.read import Reading
from convcost.networks.onnx.translate import Found, Walk

helper = onnx.helper

DATA = "how often it runs depends on the data; its body is counted once"
CHANGES = "its sizes change from run to run"
UNFIT = "its inputs are not those of its body"
NO_SIZE = "the size of its output is not known"

GROWN = node("Concat", "a x", "b", axis=0)
STAYS = node("Identity", "c", "go")


def any_shape(*names: str) -> list[Any]:
    return [helper.make_empty_tensor_value_info(name) for name in names]


def body(nodes: list[Any], inputs: list[Any], outputs: str) -> Any:
    return helper.make_graph(nodes, "body", inputs, any_shape(*outputs.split()))


def loop(nodes: list[Any], inputs: str = "n - x", outputs: str = "y", made: str = "go b", states: str = "a") -> Any:
    """A Loop of these operations, whose states are called `states` in it; it hands on `made`."""
    first = [given("i", kind=7), given("c", kind=9)]
    return node("Loop", inputs, outputs, body=body(nodes, [*first, *any_shape(*states.split())], made))


def reasons(found: Reading | Found) -> list[tuple[str, str]]:
    return [(missing.op, missing.reason) for missing in found.unknown]


def walked(made: Any, tmp_path: Path, most: int) -> Found:
    """What a walk of so many operations at most finds."""
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    loaded = load(str(path), {}, None)
    walk = Walk(loaded, lambda _: None)
    walk.most = most
    return walk.model(loaded)


def rows(found: Reading) -> int:
    """Rows of the last output, each of 8."""
    rows, columns = analyze(found.graph).output_shape
    assert columns == 8
    return rows


@pytest.mark.parametrize(("runs", "products"), [(0, 0), (1, 64), (2, 3 * 64), (3, 7 * 64)])
def test_rows_that_double_are_multiplied_run_by_run(tmp_path: Path, runs: int, products: int) -> None:
    """1 row, then 2, then 4; without a run what was given is left."""
    state = [STAYS, node("MatMul", "a w", "p"), node("Concat", "p a", "b", axis=0)]
    made = model([loop(state)], [given("x", 1, 8)], ["y"], [tensor("n", runs), weights("w", 8, 8)])
    found = read_here(made, tmp_path)
    assert (costs(found)[1], found.unknown, rows(found)) == (products, [], 2**runs)


@pytest.mark.parametrize("runs", [256, 257])
def test_256_runs_are_walked_one_by_one_and_no_more(tmp_path: Path, runs: int) -> None:
    """Of one more, whose states grow, nothing is known behind the loop."""
    nodes = [loop([STAYS, GROWN]), node("Relu", "y", "r")]
    found = read_here(model(nodes, [given("x", 1, 8)], ["r"], [tensor("n", runs)]), tmp_path)
    assert reasons(found) == ([] if runs == 256 else [("Loop", CHANGES), ("Relu", NO_SIZE)])
    assert runs > 256 or rows(found) == 257


def decided() -> list[Any]:
    """A body whose one branch does what both could: four operations with those in the branches."""
    grown = [helper.make_graph([node("Concat", "a x", name, axis=0)], "g", [], any_shape(name)) for name in "pq"]
    return [STAYS, node("If", "c", "b", then_branch=grown[0], else_branch=grown[1])]


@pytest.mark.parametrize(
    ("state", "most"),
    [
        ([STAYS, GROWN], 1 + 2 + 5 * (4 * 2 + 1)),
        (decided(), 1 + 3 + 5 * (4 * 4 + 1)),
    ],
    ids=["two operations", "branches"],
)
def test_runs_are_walked_one_by_one_where_four_times_their_operations_are_left(
    tmp_path: Path, state: list[Any], most: int
) -> None:
    """Of the loop, of its first run and of five more with one beside each; those inside of others count, too."""
    made = model([loop(state)], [given("x", 1, 8)], ["y"], [tensor("n", 5)])
    assert reasons(walked(made, tmp_path, most)) == []
    assert reasons(walked(made, tmp_path, most - 1)) == [("Loop", CHANGES)]


def test_a_loop_without_a_count_is_walked_until_it_stops_where_one_run_is_left(tmp_path: Path) -> None:
    """The body has two operations: the loop, a first run, then nine for each run."""
    state = [node("Less", "i zero", "go"), GROWN]
    made = model([loop(state, "- - x")], [given("x", 1, 8)], ["y"], [tensor("zero", 0)])
    found = walked(made, tmp_path, 1 + 2 + 9)
    assert (reasons(found), found.shapes[-1]) == ([], (2, 8))
    assert reasons(walked(made, tmp_path, 1 + 2 + 8)) == [("Loop", CHANGES), ("Loop", DATA)]


def test_what_one_run_says_is_the_last_one_is_made_once(tmp_path: Path) -> None:
    """However often it might have run, and whatever is put behind one another is of one run."""
    state = [node("Not", "c", "go"), node("Relu", "a", "b"), node("Abs", "a", "m")]
    nodes = [loop(state, outputs="y z", made="go b m")]
    found = read_here(model(nodes, [given("x", 2, 3)], ["y", "z"], [tensor("n", 5)]), tmp_path)
    (made,) = [one.op for one in found.graph.nodes if getattr(one.op, "kind", "") == "loop-output"]
    assert (made.output_shape, analyze(found.graph).cost.elementwise) == ((1, 2, 3), 6 + 6)


def test_runs_that_are_alike_are_one_node_each_and_see_that_they_go_on(tmp_path: Path) -> None:
    """The condition before a run is true: a branch on it is decided, and nothing is walked one by one."""
    branches = [helper.make_graph([node(op, "a", name)], "g", [], any_shape(name))
                for op, name in (("Relu", "p"), ("Softmax", "q"))]  # fmt: skip
    state = [STAYS, node("If", "c", "b", then_branch=branches[0], else_branch=branches[1])]
    found = read_here(model([loop(state)], [given("x", 2, 3)], ["y"], [tensor("n", 7)]), tmp_path)
    assert found.graph.nodes == (Node("y/b/p", Counted("relu", (2, 3), elementwise=6, in_place=True, times=7), (0,)),)
    assert (found.upper_bound, found.unknown) == (False, [])


COUNTER = [node("Add", "s one", "t"), node("Expand", "v s", "e"), node("Relu", "e", "r")]


@pytest.mark.parametrize("grows", [False, True])
def test_a_number_that_runs_count_up_is_known_where_they_are_walked_one_by_one(tmp_path: Path, grows: bool) -> None:
    """It starts at 2 and is 2, 3 and 4 in them; of all runs at once it would be wrong to say that it is 2."""
    state = [STAYS, *COUNTER, GROWN if grows else node("Abs", "a", "b")]
    nodes = [loop(state, "n - s0 x", "u y", "go t b", "s a")]
    tensors = [tensor("n", 3), tensor("s0", [2]), tensor("one", 1)]
    found = read_here(model(nodes, [given("x", 1, 8), given("v", 1)], ["u", "y"], tensors), tmp_path)
    elementwise = analyze(found.graph).cost.elementwise
    if grows:
        assert (reasons(found), elementwise) == ([], 2 + 3 + 4)
    else:
        assert reasons(found) == [("Expand", NO_SIZE), ("Relu", NO_SIZE)]


@pytest.mark.parametrize(
    ("said", "sizes", "products"), [((2, 8), None, 2 * 64), ((9, 8), (3, 8), 3 * 64), (None, (3, 8), 3 * 64)]
)
def test_what_a_body_says_of_its_states_holds_where_nothing_else_is_known(
    tmp_path: Path, said: tuple[int, ...] | None, sizes: tuple[int, ...] | None, products: int
) -> None:
    """What is given to it goes first."""
    a = given("a", *said) if said else helper.make_empty_tensor_value_info("a")
    inner = body([STAYS, node("MatMul", "a w", "b")], [given("i", kind=7), given("c", kind=9), a], "go b")
    known = [node("Identity", "x", "s")] if sizes else [node("NonZero", "x", "z"), node("Cast", "z", "s", to=1)]
    nodes = [*known, node("Loop", "n - s", "y", body=inner)]
    tensors = [tensor("n", 1), weights("w", 8, 8)]
    found = read_here(model(nodes, [given("x", *(sizes or (4, 4)))], ["y"], tensors), tmp_path)
    assert costs(found)[1] == products


def test_only_states_that_change_are_unknown_behind_a_loop_that_is_not_walked(tmp_path: Path) -> None:
    """The other one has the sizes that it had."""
    state = [STAYS, node("Relu", "a", "p"), node("Concat", "b x", "q", axis=0)]
    nodes = [loop(state, "n - x x", "u v", "go p q", "a b"), node("Abs", "u", "y"), node("Neg", "v", "z")]
    found = read_here(model(nodes, [given("x", 1, 8)], ["y", "z"], [tensor("n", 300)]), tmp_path)
    assert reasons(found) == [("Loop", CHANGES), ("Neg", NO_SIZE)]
    assert [n.op.output_shape for n in found.graph.nodes if n.name == "y"] == [(1, 8)]


def test_a_state_that_nobody_gives_has_no_size(tmp_path: Path) -> None:
    """A body of one more input than the loop has."""
    made = model([loop([STAYS, node("Abs", "a", "b")], "n -")], [given("x", 1, 8)], ["y"], [tensor("n", 3)])
    assert ("Abs", NO_SIZE) in reasons(read_here(made, tmp_path))


def test_what_a_loop_makes_has_the_type_of_what_it_is_made_of(tmp_path: Path) -> None:
    """Its run is an integer of 64 bits, its condition a truth; neither is made of a value of the graph."""
    state = [STAYS, node("Abs", "a", "b"), node("Relu", "b", "r"), node("Identity", "i", "j"), node("Not", "c", "d")]
    nodes = [loop(state, outputs="y r j d", made="go b r j d")]
    found = read_here(model(nodes, [given("x", 2, 3)], ["y", "r", "j", "d"], [tensor("n", 4)]), tmp_path)
    assert found.graph.value_types is not None
    made = [(one, kind) for one, kind in zip(found.graph.nodes, found.graph.value_types[1:])
            if getattr(one.op, "kind", "") == "loop-output"]  # fmt: skip
    assert made == [
        (Node("y/r", Counted("loop-output", (4, 2, 3), moved=2 * 24), (2,)), "fp32"),
        (Node("y/j", Counted("loop-output", (4,), moved=2 * 4), (0,)), "int64"),
        (Node("y/d", Counted("loop-output", (4,), moved=2 * 4), (0,)), "bool"),
    ]


@pytest.mark.parametrize("said", [None, (5, 2, 3)])
def test_what_is_said_of_the_output_of_a_loop_holds_where_nobody_knows_how_often_it_runs(
    tmp_path: Path, said: tuple[int, ...] | None
) -> None:
    """What was put behind one another, as the file knows it; a state is known without it, and not what is no tensor."""
    state = [STAYS, node("Relu", "a", "b"), node("Abs", "a", "m")]
    nodes = [loop(state, "m - x", "y z", "go b m"), node("Neg", "z", "last")]
    made = model(nodes, [given("x", 2, 3), given("m", kind=7)], ["y", "last"])
    made.graph.value_info.append(given("y", 7, 7, 7, kind=11))
    if said:
        made.graph.value_info.append(given("z", *said, kind=11))
    found = read_here(made, tmp_path)
    assert reasons(found) == [("Loop", DATA)] + ([] if said else [("Neg", NO_SIZE)])
    assert found.graph.value_types is not None
    outs = [(n.op.output_shape, kind) for n, kind in zip(found.graph.nodes, found.graph.value_types[1:])
            if getattr(n.op, "kind", "") == "loop-output"]  # fmt: skip
    assert outs == ([((5, 2, 3), "fp32")] if said else [])


def test_an_output_that_no_body_makes_has_the_size_that_the_file_says(tmp_path: Path) -> None:
    """And its type; a loop with more outputs than its body."""
    nodes = [loop([STAYS, node("Relu", "a", "b")], outputs="y z"), node("Neg", "z", "last")]
    made = model(nodes, [given("x", 2, 3)], ["y", "last"], [tensor("n", 4)])
    assert reasons(read_here(made, tmp_path)) == [("Neg", NO_SIZE)]
    made.graph.value_info.append(given("z", 5, 6, kind=11))
    found = read_here(made, tmp_path)
    assert (found.unknown, found.graph.value_types) == ([], ("fp32", "fp32", "fp64", "fp64", "fp32"))


def test_params_of_the_branch_that_is_not_counted_are_a_row_of_their_own(tmp_path: Path) -> None:
    """It moves nothing, and has no size."""
    then = helper.make_graph([node("Add", "x v", "p")], "then", [], any_shape("p"))
    other = helper.make_graph([node("MatMul", "x w", "o")], "else", [], any_shape("o"))
    nodes = [node("If", "q", "y", then_branch=then, else_branch=other)]
    inputs = [given("x", 1, 8), given("q", kind=9)]
    found = read_here(model(nodes, inputs, ["y"], [weights("v", 8), weights("w", 8, 8)]), tmp_path)
    assert found.graph.nodes[2] == Node("y/other-branch", Counted("if", (0,), params=8, moved=0, sized=False), ())
    assert found.graph.weight_types is not None
    assert found.graph.weight_types[2] == (("fp32", 8),)


def test_of_two_convolutions_that_data_decide_between_the_one_with_more_products_counts(tmp_path: Path) -> None:
    """64 positions times 8x8, not 4 times 8x8x9: each with the size of its own output."""
    dear = helper.make_graph([node("Conv", "r v", "p")], "then", [], any_shape("p"))
    cheap = helper.make_graph([node("Conv", "r w", "o", strides=[4, 4], pads=[1, 1, 1, 1])], "else", [], any_shape("o"))
    nodes = [node("Abs", "x", "l"), node("Relu", "l", "r")]
    nodes.append(node("If", "q", "y", then_branch=dear, else_branch=cheap))
    inputs = [given("x", 1, 8, 8, 8), given("q", kind=9)]
    tensors = [weights("v", 8, 8, 1, 1), weights("w", 8, 8, 3, 3)]
    found = read_here(model(nodes, inputs, ["y"], tensors), tmp_path)
    assert [one.op.kernel_size for one in found.graph.nodes if isinstance(one.op, Conv)] == [(1, 1)]
    assert costs(found) == (64 + 576, 4096)


def scan(opset: int, x: tuple[int, ...], state: tuple[int, ...], **attributes: Any) -> Any:
    """A Scan of `x` with a state, which makes `z` of each part."""
    inner = body([node("Abs", "p", "q"), node("Relu", "a", "b")], any_shape("a", "p"), "b q")
    nodes = [node("Scan", "- s x" if opset < 9 else "s x", "y z", body=inner, **attributes)]
    nodes += [node("Neg", "y", "u"), node("Neg", "z", "v")]
    return model(nodes, [given("s", *state), given("x", *x)], ["u", "v"], [], opset)


@pytest.mark.parametrize(
    ("opset", "axes", "part", "runs", "z"),
    [
        (9, None, (2, 7), 5, (5, 2, 7)),
        (17, [0], (2, 7), 5, (5, 2, 7)),
        (17, [1], (5, 7), 2, (2, 5, 7)),
        (17, [-1], (5, 2), 7, (7, 5, 2)),
        (17, [-3], (2, 7), 5, (5, 2, 7)),
    ],
)
def test_a_scan_goes_through_the_axis_that_it_says(
    tmp_path: Path, opset: int, axes: list[int] | None, part: tuple[int, ...], runs: int, z: tuple[int, ...]
) -> None:
    """States keep their sizes, and what is made of parts lies behind one another."""
    said = {} if axes is None else {"scan_input_axes": axes}
    found = read_here(scan(opset, (5, 2, 7), (4,), num_scan_inputs=1, **said), tmp_path)
    size, nodes = 70 // runs, found.graph.nodes
    assert [one.op for one in nodes[:5]] == [
        Counted("input", (5, 2, 7), moved=0),
        Counted("scan-input", part, moved=0, view=True),
        Counted("abs", part, elementwise=size, in_place=True, times=runs),
        Counted("relu", (4,), elementwise=4, in_place=True, times=runs),
        Counted("scan-output", z, moved=2 * 70),
    ]
    assert [one.inputs for one in nodes[:7]] == [(), (1,), (2,), (0,), (3,), (4,), (5,)]
    assert [one.op.output_shape for one in nodes[5:7]] == [(4,), z]
    assert found.unknown == []


@pytest.mark.parametrize(
    ("axis", "z"), [(0, (5, 2, 7)), (1, (2, 5, 7)), (2, (2, 7, 5)), (-1, (2, 7, 5)), (-3, (5, 2, 7))]
)
def test_what_a_scan_makes_lies_along_the_axis_that_it_says(tmp_path: Path, axis: int, z: tuple[int, ...]) -> None:
    """One of three: that of the parts, in front of, between or behind their own two."""
    found = read_here(scan(17, (5, 2, 7), (4,), num_scan_inputs=1, scan_output_axes=[axis]), tmp_path)
    assert [one.op.output_shape for one in found.graph.nodes[4:7]] == [z, (4,), z]


def test_the_first_scan_has_a_batch_around_all_of_its_inputs(tmp_path: Path) -> None:
    """Of 3, each of which has 5 parts and a state of its own; and lengths before them, which nobody needs."""
    found = read_here(scan(8, (3, 5, 2, 7), (3, 4), num_scan_inputs=1), tmp_path)
    assert [one.op for one in found.graph.nodes[:6]] == [
        Counted("input", (3, 5, 2, 7), moved=0),
        Counted("scan-input", (4,), moved=0, view=True),
        Counted("scan-input", (2, 7), moved=0, view=True),
        Counted("abs", (2, 7), elementwise=14, in_place=True, times=15),
        Counted("relu", (4,), elementwise=4, in_place=True, times=15),
        Counted("scan-output", (3, 5, 2, 7), moved=2 * 210),
    ]
    assert [one.op.output_shape for one in found.graph.nodes[6:8]] == [(3, 4), (3, 5, 2, 7)]
    assert found.unknown == []


@each(
    ("said", "reason"),
    [
        ({}, UNFIT),
        ({"num_scan_inputs": 0}, UNFIT),
        ({"num_scan_inputs": 3}, UNFIT),
        ({"num_scan_inputs": 1, "scan_input_axes": [0, 0]}, UNFIT),
        ({"num_scan_inputs": 1, "scan_input_axes": [2]}, None),
        ({"num_scan_inputs": 1, "scan_input_axes": [3]}, DATA),
        ({"num_scan_inputs": 1, "scan_input_axes": [-4]}, DATA),
    ],
)
def test_a_scan_that_contradicts_its_inputs_is_listed(tmp_path: Path, said: dict[str, Any], reason: str | None) -> None:
    """Without its number of inputs, with too many of them or of axes, or along an axis that there is not."""
    found = read_here(scan(17, (5, 2, 7), (4,), **said), tmp_path)
    assert [why for op, why in reasons(found) if op == "Scan"] == ([reason] if reason else [])
    assert (("Abs", NO_SIZE) in reasons(found)) == (reason == DATA)


@pytest.mark.parametrize("names", ["- x", "s m"])
def test_a_scan_of_what_is_not_there_or_has_no_size_is_walked_once(tmp_path: Path, names: str) -> None:
    """A state that nobody gives, parts of what nobody knows; nothing is said of what is made of them."""
    inner = body([node("Abs", "p", "q"), node("Relu", "a", "b")], any_shape("a", "p"), "b q")
    nodes = [node("Mystery", "x", "m", domain="own"), node("Scan", names, "y z", body=inner, num_scan_inputs=1)]
    found = read_here(model(nodes, [given("s", 4), given("x", 5, 2)], ["y", "z"]), tmp_path)
    unknown = [op for op, why in reasons(found) if why == NO_SIZE]
    assert unknown == (["Relu"] if names == "- x" else ["Abs"])


def test_a_scan_of_a_body_with_other_inputs_is_listed(tmp_path: Path) -> None:
    made = scan(17, (5, 2, 7), (4,), num_scan_inputs=1)
    (attribute,) = [one for one in made.graph.node[0].attribute if one.name == "body"]
    attribute.g.input.extend(any_shape("more"))
    assert ("Scan", UNFIT) in reasons(read_here(made, tmp_path))


@pytest.mark.parametrize(("sizes", "times"), [(("?", 5, 2, 7), 5), ((3, "?", 2, 7), 3)])
def test_of_a_scan_of_a_batch_what_is_not_known_counts_once(
    tmp_path: Path, sizes: tuple[int | str, ...], times: int
) -> None:
    """The data say how large the batch of 3 is, or how many of 5 parts there are."""
    made = scan(8, (3, 5, 2, 7), (3, 4), num_scan_inputs=1)
    made.graph.node.insert(0, node("Mystery", "x", "part", domain="own"))
    made.graph.node[1].input[2] = "part"
    made.graph.value_info.append(given("part", *sizes))
    found = read_here(made, tmp_path)
    assert ("Scan", DATA) in reasons(found)
    assert [one.op.times for one in found.graph.nodes if getattr(one.op, "kind", "") == "relu"] == [times]


def test_weights_that_a_scan_goes_through_are_parts_without_a_node(tmp_path: Path) -> None:
    """They are read where they are multiplied: 5 matrices of 8x8, one a run, and each run has one of them."""
    inner = body([node("MatMul", "a p", "b")], any_shape("a", "p"), "b")
    nodes = [node("Scan", "x w", "y", body=inner, num_scan_inputs=1)]
    found = read_here(model(nodes, [given("x", 1, 8)], ["y"], [weights("w", 5, 8, 8)]), tmp_path)
    assert [getattr(one.op, "kind", "") for one in found.graph.nodes] == ["mat-mul"]
    assert (costs(found), found.unknown) == ((320, 5 * 64), [])
