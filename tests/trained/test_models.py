"""Kernels in files: what is read of ONNX models and of arrays, and what is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import each
from trained.small_models import conv, node, onnx, random_weights, saved

from convcost.networks.onnx.weights import Stored
from convcost.spec import SpecError, format_spec, parse_spec
from convcost.trained import separate
from convcost.trained.activations import layer_inputs
from convcost.trained.answer import Asked, Separation
from convcost.trained.arrays import _short, array_sources, arrays_in, filter_text, layer_of, numbers_of, sources_of
from convcost.trained.kernels import Kernel
from convcost.trained.models import Model
from convcost.trained.opening import read_network, separate_file, separate_weights

QUIET = Asked(verify=False)


def model_of(path: str) -> Model:
    return Model(Stored(path), read_network(path, "", {}))


def kernel_in(path: str, at: int = 0) -> Kernel:
    return model_of(path).layers[at].kernel()


def reference(path: str, x: Any) -> Any:
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(path).run(None, {"x": x})


def test_a_batch_norm_is_folded_into_the_convolution_in_front_of_it(tmp_path: Path) -> None:
    """The kernel and the bias give what ONNX's reference makes of both operations."""
    size, w = (1, 3, 6, 5), random_weights(4, 3, 3, 3)
    arrays = {"w": w, "b": random_weights(4), **{f"n{i}": np.abs(random_weights(4, seed=i)) + 0.5 for i in range(4)}}
    nodes = [conv("x", "w", "a", "b"), node("BatchNormalization", ["a", "n0", "n1", "n2", "n3"], "y", epsilon=0.01)]
    path = saved(tmp_path / "m.onnx", nodes, arrays, size)
    found = kernel_in(path)
    assert found.spec.bias is True
    assert "BatchNorm" in found.notes[0]
    given = random_weights(*size, seed=9)
    (expected,) = reference(path, given)
    plain = [conv("x", "w", "y", "b")]
    again = saved(tmp_path / "n.onnx", plain, {"w": found.weights.astype("f4"), "b": found.bias.astype("f4")}, size)
    (made,) = reference(again, given)
    assert np.allclose(made, expected, atol=1e-4)


def test_weights_are_read_through_the_operations_that_constants_pass(tmp_path: Path) -> None:
    """Constant, Identity, Transpose, Reshape and DequantizeLinear, of which the storage error is said."""
    w = random_weights(4, 3, 3, 3)
    quantised = np.round(w / 0.05).astype(np.int8)
    constant = onnx.helper.make_node(
        "Constant", [], ["c"], value=onnx.numpy_helper.from_array(w.transpose(1, 0, 2, 3).copy())
    )
    nodes = [
        constant, node("Transpose", ["c"], "t", perm=[1, 0, 2, 3]), node("Identity", ["t"], "i"), conv("x", "i", "a"),
        node("DequantizeLinear", ["q", "scale", "zero"], "d"), conv("x", "d", "b"),
        node("Concat", ["a", "b"], "y", axis=1),
    ]  # fmt: skip
    arrays = {"q": quantised, "scale": np.array(0.05, np.float32), "zero": np.array(0, np.int8)}
    path = saved(tmp_path / "m.onnx", nodes, arrays, (1, 3, 6, 5))
    assert np.array_equal(kernel_in(path).weights, w)
    found = kernel_in(path, 1)
    assert np.allclose(found.weights, quantised * 0.05)
    assert found.storage is not None
    assert abs(found.storage - np.linalg.norm(w - found.weights) / np.linalg.norm(w)) < 0.003


@pytest.mark.parametrize(
    ("scale", "steps"),
    [(np.array(0.05, np.float32), 0.05), (np.array([0.1, 0.2, 0.2, 0.4], np.float32), (0.25 / 4) ** 0.5)],
)
def test_storing_loses_a_twelfth_of_the_squared_step_a_weight(scale: Any, steps: float, tmp_path: Path) -> None:
    """Of steps by channel the mean of the squares; of a kernel of zeros nothing."""
    quantised = np.round(random_weights(4, 3, 3, 3) * 20).astype(np.int8)
    nodes = [node("DequantizeLinear", ["q", "scale"], "d", axis=0), conv("x", "d", "y")]
    path = saved(tmp_path / "m.onnx", nodes, {"q": quantised, "scale": scale}, (1, 3, 6, 5))
    found = kernel_in(path)
    lost = steps * 3 / np.linalg.norm(found.weights)  # 108 weights, a twelfth of which is 9
    assert found.storage == pytest.approx(lost)
    assert found.notes == (f"its weights are dequantised: storing them lost {100 * lost:.2g} % already",)
    nothing = saved(tmp_path / "n.onnx", nodes, {"q": 0 * quantised, "scale": scale}, (1, 3, 6, 5))
    assert kernel_in(nothing).storage == 0.0


def test_a_transposed_kernel_is_read_outputs_first(tmp_path: Path) -> None:
    """Of each group: input i's weight for the group's output o is output o's weight for input i."""
    stored = np.arange(4 * 3 * 2, dtype=np.float32).reshape(4, 3, 2)
    path = saved(tmp_path / "m.onnx", [node("ConvTranspose", ["x", "w"], "y", group=2)], {"w": stored}, (1, 4, 6))
    found = kernel_in(path).weights
    assert found.shape == (6, 2, 2)
    for group in range(2):
        for out in range(3):
            for into in range(2):
                assert found[3 * group + out, into].tolist() == stored[2 * group + into, out].tolist()
    layer = separate_file(path, [], QUIET).layers[0]
    assert layer.reason == "no family is defined for a transposed convolution"
    assert layer.dead is not None


@pytest.mark.parametrize(
    ("more", "outputs", "folded"),
    [
        ([], ("y",), True), ([], ("y", "a"), False), ([("Relu", ["a"], "z")], ("y", "z"), False),
        ([("Identity", ["s"], "n1")], ("y",), True),
    ],
)  # fmt: skip
def test_a_batch_norm_is_folded_in_where_it_alone_reads_the_convolution(
    more: list[Any], outputs: tuple[str, ...], folded: bool, tmp_path: Path
) -> None:
    """And its numbers are constants, also such as operations make of others."""
    arrays = {"w": random_weights(4, 3, 3, 3), **{f"n{i}": np.abs(random_weights(4, seed=i)) + 0.5 for i in range(4)}}
    if more and more[0][1] == ["s"]:
        arrays["s"] = arrays.pop("n1")
    nodes = [*[node(*one) for one in more if one[1] == ["s"]], conv("x", "w", "a"),
             node("BatchNormalization", ["a", "n0", "n1", "n2", "n3"], "y"),
             *[node(*one) for one in more if one[1] == ["a"]]]  # fmt: skip
    found = kernel_in(saved(tmp_path / "m.onnx", nodes, arrays, (1, 3, 6, 5), outputs))
    assert (found.bias is not None, found.spec.bias, len(found.notes)) == (folded, folded, int(folded))
    if folded:
        scale, shift = arrays["n0"] / np.sqrt(arrays["n3"] + 1e-5), arrays.get("s", arrays.get("n1"))
        assert np.allclose(found.weights, arrays["w"] * scale.reshape(4, 1, 1, 1), rtol=1e-6)
        assert np.allclose(found.bias, shift - arrays["n2"] * scale, rtol=1e-6)


def test_convolutions_inside_of_a_branch_are_counted(tmp_path: Path) -> None:
    """They are not looked at: of two branches those of one are counted."""
    arrays = {"w": random_weights(3, 3, 1, 1), "v": random_weights(3, 3, 1, 1, seed=1)}
    made = onnx.helper.make_tensor_value_info("t", 1, None)
    branches = [onnx.helper.make_graph([conv("a", "w", "t")], "b", [], [made]) for _ in range(2)]
    test = onnx.helper.make_node("If", ["c"], ["y"], name="if", then_branch=branches[0], else_branch=branches[1])
    nodes = [conv("x", "v", "a"), node("ReduceMax", ["a"], "m", keepdims=0), node("Cast", ["m"], "c", to=9), test]
    found = separate_file(saved(tmp_path / "m.onnx", nodes, arrays, (1, 3, 5, 4)), [], QUIET)
    assert (len(found.layers), found.inside) == (1, 1)
    plain = separate_file(saved(tmp_path / "n.onnx", nodes[:1], arrays, (1, 3, 5, 4), ("a",)), [], QUIET)
    assert (len(plain.layers), plain.inside) == (1, 0)


@each(
    ("text", "change", "bias", "dead"),
    [
        ("2:3 @5x4 k3", lambda w: w[1].fill(0), None, (1, 0, 0, 0)),
        ("2:3 @5x4 k3", lambda w: w[1].fill(0), [1, 0.5, 1], (0, 0, 0, 0)),  # what it gives is no zero
        ("2:3 @5x4 k3", lambda w: w[:, 0].fill(0), [1, 0, 1], (0, 1, 0, 0)),
        ("2:3 @5x4 k3", lambda w: w[:, :, 2].fill(0), None, (0, 0, 3, 0)),
        ("2:3 @1x4 k3", lambda w: w[:, :, 1, 0].fill(0), None, (0, 0, 7, 6)),  # rows 0 and 2 see nothing but padding
        ("4:4 @5x4 k3 g2", lambda w: w[:2, 1].fill(0), None, (0, 1, 0, 0)),
        ("4:4 @5x4 k3 g2", lambda w: w[1:3, 1].fill(0), None, (0, 0, 0, 0)),
        ("2:3 @5x4 k3", lambda w: w.fill(1e-39), None, (3, 2, 9, 0)),
    ],
)  # fmt: skip
def test_what_is_dead_in_a_layer_alone_is_counted(text: str, change: Any, bias: Any, dead: tuple[int, ...]) -> None:
    """Outputs that are always zero, inputs that nobody reads, taps that do nothing, and those on padding alone."""
    spec = parse_spec(text)
    weights = np.ones((spec.out_channels, spec.in_channels // spec.groups, *spec.kernel_size))
    change(weights)
    assert separate.dead_alone(Kernel("k", spec, weights, None if bias is None else np.array(bias))) == dead


def refused(path: str, at: int = 0) -> str:
    return separate_file(path, [], QUIET).layers[at].reason


def test_what_cannot_be_looked_at_is_refused_by_name(tmp_path: Path) -> None:
    """Integers without a scale, weights that are computed or given, transposed ones; the others are answered."""
    integer = node("ConvInteger", ["xi", "wi"], "a")
    nodes = [
        node("Cast", ["x"], "xi", to=2), integer, node("Cast", ["a"], "af", to=1),
        node("Mul", ["w", "s"], "wm"), conv("x", "wm", "b"), node("Softmax", ["w"], "ws"), conv("x", "ws", "c"),
        node("ConvTranspose", ["x", "wt"], "d"), conv("x", "w", "e"),
        node("Sum", ["b", "c", "e"], "f"), node("Identity", ["d"], "y"), node("Identity", ["f"], "z"),
    ]  # fmt: skip
    arrays = {
        "wi": np.ones((2, 3, 3, 3), np.uint8), "w": random_weights(2, 3, 3, 3), "s": np.array(2, np.float32),
        "wt": random_weights(3, 2, 3, 3),
    }  # fmt: skip
    found = separate_file(saved(tmp_path / "m.onnx", nodes, arrays, (1, 3, 7, 6), ("y", "z", "af")), [], QUIET)
    reasons = {layer.name: layer.reason for layer in found.layers}
    assert "integers alone" in reasons["ConvInteger.a"]
    assert reasons["Conv.b"] == reasons["Conv.e"] == ""
    assert reasons["Conv.c"] == "its weights are no constants: Softmax computes them"
    assert reasons["ConvTranspose.d"] == "no family is defined for a transposed convolution"


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(wrong: float, tmp_path: Path) -> None:
    w = random_weights(2, 3, 3, 3)
    w[0, 1, 2, 0] = wrong
    path = saved(tmp_path / "m.onnx", [conv("x", "w", "y")], {"w": w}, (1, 3, 6, 6))
    assert refused(path) == "its weights are not all finite: 1 of 54 is NaN or infinite"


def test_weights_that_are_an_input_or_in_a_missing_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    saved(path, [conv("x", "w", "y")], {"w": random_weights(2, 3, 3, 3)}, (1, 3, 6, 6))
    model = onnx.load(str(path))
    onnx.save(model, str(path), save_as_external_data=True, location="m.data", size_threshold=0)
    assert refused(str(path)) == ""
    (tmp_path / "m.data").unlink()
    assert refused(str(path)) == "its weights are in m.data, which cannot be read"
    given = onnx.helper.make_tensor_value_info("w", 1, [2, 3, 3, 3])
    del model.graph.initializer[:]
    model.graph.input.append(given)
    path.write_bytes(model.SerializeToString())
    assert refused(str(path)) == "its weights are no constants: they are an input of the model"


def test_grouped_layers_are_separated_group_by_group_and_1x1_ones_by_rank_alone(tmp_path: Path) -> None:
    nodes = [conv("x", "w1", "a", group=2), conv("a", "w2", "y")]
    path = saved(
        tmp_path / "m.onnx", nodes, {"w1": random_weights(6, 2, 3, 3), "w2": random_weights(5, 6, 1, 1)}, (1, 4, 8, 8)
    )
    grouped, pointwise = separate_file(path, [], Asked()).layers
    assert {row.groups for row in grouped.rows} == {2}
    assert {format_spec(row.spec).split()[0] for row in grouped.rows} == {"2:3"}
    assert {row.variant for row in pointwise.rows} == {"low-rank"}
    assert (grouped.status, pointwise.status) == ("verified", "verified")


def test_an_input_gives_output_errors_and_weighs_the_allocation(tmp_path: Path) -> None:
    """Of every layer, on what it is given there, which is what ONNX's reference gives it."""
    arrays = {"w1": random_weights(6, 3, 3, 3), "w2": random_weights(6, 6, 3, 3, seed=1)}
    nodes = [conv("x", "w1", "a", pads=[1, 1, 1, 1]), node("Relu", ["a"], "b"), conv("b", "w2", "y", pads=[1, 1, 1, 1])]
    path, x = saved(tmp_path / "m.onnx", nodes, arrays, (1, 3, 9, 8), ("y", "b")), random_weights(1, 3, 9, 8, seed=4)
    _, between = reference(path, x)
    given = layer_inputs(model_of(path), {"x": x})
    assert np.array_equal(given["x"], np.moveaxis(x, 1, -1))
    assert np.allclose(given["b"], np.moveaxis(between, 1, -1), atol=1e-4)
    np.save(tmp_path / "x.npy", x)
    found = separate_file(path, [], QUIET, inputs=(str(tmp_path / "x.npy"),))
    (row,) = [row for share, row in found.layers[1].best if share == 0.5 and row]
    assert row.output_error is not None
    assert 0 < row.output_error < 1
    assert row.output_error != row.error
    budget = separate_file(path, [], QUIET._replace(macs=0.6), inputs=(str(tmp_path / "x.npy"),))
    assert budget.macs_after <= 0.6 * budget.macs
    assert all(layer.chosen is None or layer.chosen.output_error is not None for layer in budget.layers)


def test_what_two_operations_read_is_kept_until_both_have(tmp_path: Path) -> None:
    """Though no layer is given it; a bias that is left out is none."""
    arrays = {f"w{n}": random_weights(3, 3, 1, 1, seed=n) for n in range(3)}
    nodes = [node("Conv", ["x", "w0", ""], "a"), node("Relu", ["a"], "r"), node("Sigmoid", ["a"], "s"),
             conv("r", "w1", "p"), conv("s", "w2", "q"), node("Add", ["p", "q"], "y")]  # fmt: skip
    path = saved(tmp_path / "m.onnx", nodes, arrays, (1, 3, 5, 4), ("y", "r", "s"))
    x = random_weights(1, 3, 5, 4, seed=4)
    _, positive, sigmoid = reference(path, x)
    given = layer_inputs(model_of(path), {"x": x})
    assert set(given) == {"x", "r", "s"}
    assert np.allclose(given["r"], np.moveaxis(positive, 1, -1), atol=1e-5)
    assert np.allclose(given["s"], np.moveaxis(sigmoid, 1, -1), atol=1e-5)


def test_what_follows_an_operation_that_is_not_computed_has_no_input(tmp_path: Path) -> None:
    arrays = {"w0": random_weights(3, 3, 2, 2), "w1": random_weights(3, 3, 1, 1)}
    nodes = [node("ConvTranspose", ["x", "w0"], "a"), conv("a", "w1", "b"), conv("x", "w1", "y")]
    path = saved(tmp_path / "m.onnx", nodes, arrays, (1, 3, 5, 4), ("y", "b"))
    assert set(layer_inputs(model_of(path), {"x": random_weights(1, 3, 5, 4)})) == {"x"}


FILTERS = [
    ([[1, 0, -1], [2, 0, -2], [1, 0, -1]], "rank 1 = [1 2 1]ᵀ·[1 0 -1]"),
    ([[1, 2, 1], [2, 4, 2], [1, 2, 1]], "rank 1 = [1 2 1]ᵀ·[1 2 1]"),
    ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], "rank 2, of at most 3"),
    ([[0.1, 0.1], [0.1, 0.1]], "rank 1 = 0.1·[1 1]ᵀ·[1 1]"),
    ([[0, 0], [0, 0]], "rank 0: all of it is zero"),
    ([[-1, -1], [-1, -1]], "rank 1 = [1 1]ᵀ·[-1 -1]"),
    ([[0, 0, 0], [0, -2, 4]], "rank 1 = 2·[0 1]ᵀ·[0 -1 2]"),
    ([[1, 0], [0, 1]], "rank 2, of at most 2"),
    ([[1e-3, 0], [0, 1]], "rank 2, of at most 2"),
    ([[1e-8, 0], [0, 1]], "rank 1 = [0 1]ᵀ·[0 1]"),
    ([[300.0, 0], [0, 1e-5]], "rank 1 = 300·[1 0]ᵀ·[1 0]"),
    ([[1, 0, -1]], ""),
]


@each(("filter", "text"), FILTERS)
def test_a_single_filter_is_said_in_words(filter: Any, text: str) -> None:
    assert filter_text(np.array(filter, float)[None, None]) == text


@each("shape", [(1, 2, 3, 3), (2, 1, 3, 3), (1, 1, 3), (1, 1, 3, 3, 3), (1, 1, 3, 1), (1, 1, 1, 3)])
def test_what_is_no_single_filter_of_two_axes_is_not_said_in_words(shape: tuple[int, ...]) -> None:
    assert filter_text(np.ones(shape)) == ""
    assert filter_text(np.full((1, 1, 2, 2), np.nan)) == ""


@each(
    ("name", "text"),
    [
        ("sobel", "rank 1 = [1 2 1]ᵀ·[1 0 -1]"), ("scharr", "rank 1 = 3·[1 3.333 1]ᵀ·[1 0 -1]"),
        ("gaussian", "rank 1 = [1 2 1]ᵀ·[1 2 1]"), ("box", "rank 1 = [1 1 1]ᵀ·[1 1 1]"),
        ("laplace", "rank 2, of at most 3"),
    ],
)  # fmt: skip
def test_the_filters_that_are_built_in_are_those_of_their_names(name: str, text: str) -> None:
    """All but Laplace's have two passes; what adds up to nothing sees no grey."""
    found = arrays_in(name)[name]()
    assert filter_text(found[None, None]) == text
    assert found.sum() == {"gaussian": 16, "box": 9}.get(name, 0)
    assert (found == found.T).all() == (name not in ("sobel", "scharr"))


def test_inputs_of_layers_are_computed_in_any_number_of_axes(tmp_path: Path) -> None:
    """Grouped, with a bias, through operations with inputs that are left out; what follows a vector is no layer's."""
    arrays = {"w1": random_weights(6, 2, 3), "b1": random_weights(6), "w2": random_weights(4, 6, 3, seed=1)}
    nodes = [conv("x", "w1", "a", "b1", group=2, strides=[2]), node("Clip", ["a", "", "b1m"], "c"),
             conv("c", "w2", "y"), node("ReduceMean", ["y"], "m", keepdims=0, axes=[1, 2])]  # fmt: skip
    arrays |= {"b1m": np.array(0.5, np.float32)}
    path = saved(tmp_path / "m.onnx", nodes, arrays, (2, 4, 17), ("y", "c"))
    x = random_weights(2, 4, 17, seed=4)
    _, between = reference(path, x)
    given = layer_inputs(model_of(path), {"x": x})
    assert set(given) == {"x", "c"}
    assert np.allclose(given["c"], np.moveaxis(between, 1, -1), atol=1e-4)


def read(path: Path, *words: str, **more: Any) -> Separation:
    return separate_file(str(path), list(words), QUIET, **more)


def test_arrays_are_layers_of_what_the_words_say(tmp_path: Path) -> None:
    """An .npy alone, an .npz with several and a bias beside one of them; what is no kernel is passed over."""
    np.save(tmp_path / "k.npy", random_weights(8, 4, 3, 3))
    found = read(tmp_path / "k.npy", "@14x12", "s2", "g2")
    assert format_spec(found.layers[0].spec) == "8 @14x12 k3 s2 g2"
    np.savez(
        tmp_path / "m.npz",
        **{"a.weight": random_weights(4, 3, 3, 3), "a.bias": random_weights(4), "fc": np.ones((4, 4))},
    )
    found = read(tmp_path / "m.npz", "@9")
    assert [layer.name for layer in found.layers] == ["a.weight"]
    assert found.layers[0].spec is not None
    assert found.layers[0].spec.bias is True
    assert "no input size is said" in read(tmp_path / "m.npz").notes[0]


@pytest.mark.parametrize(("shape", "spec"), [
    ((8, 4, 3), "4:8 @56 k3 1d"), ((8, 4, 3, 5), "4:8 @56 k3x5"), ((8, 4, 3, 3, 3), "4:8 @56 k3 3d"),
])  # fmt: skip
def test_a_kernel_says_how_many_axes_there_are(shape: tuple[int, ...], spec: str) -> None:
    assert format_spec(layer_of(shape, [])) == spec


def test_groups_are_read_from_the_words() -> None:
    """Also many; a number that is none of groups is the notation's to refuse."""
    assert layer_of((8, 4, 3, 3), ["g2"])[:2] == (8, 8)
    assert layer_of((1 << 20, 1, 1), ["g1048576"])[:2] == (1 << 20, 1 << 20)
    for word, message in (("g1234567", "in_channels=4938268"), ("g12345678", "in_channels=4"), ("gx", "unknown token")):
        with pytest.raises(SpecError, match=message if word == "gx" else f"groups={word[1:]} does not divide"):
            layer_of((8, 4, 3, 3), [word])
    with pytest.raises(SpecError, match="a kernel of 8x0x3x3 has no weights"):
        layer_of((8, 0, 3, 3), [])


@each(
    ("arrays", "layer", "message", "hint"),
    [
        ({"a": (4, 4), "b": (4,)}, "", "there is no kernel in it", "one has three to five axes"),
        ({"a": (4, 4), "b": (4, 4, 3, 3)}, "a", "a is no kernel: 4x4", "a kernel is (out, in"),
        ({"a": (4, 4, 1, 1, 1, 1)}, "", "a is no kernel: 4x4x1x1x1x1", "a kernel is (out, in"),
        ({"a": (), "b": (4, 4, 3, 3)}, "a", "a is no kernel: a single number", "a kernel is (out, in"),
        ({f"a{n}": (4, 4, 3, 3) for n in range(5)}, "zzz", "has no array 'zzz'", "try a0, a1, a2"),
        ({"xa": (4,), "xb": (4,), "xc": (4,), "xd": (4,), "pq": (4,)}, "x", "has no array 'x'", "try x"),
    ],
)
def test_of_arrays_that_are_no_kernels_it_is_said_which(
    arrays: dict[str, tuple[int, ...]], layer: str, message: str, hint: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "m.npz", **{name: np.ones(shape) for name, shape in arrays.items()})
    with pytest.raises(SpecError) as caught:
        read(tmp_path / "m.npz", "@9", layer=layer)
    assert message in caught.value.message
    assert caught.value.hint.startswith(hint)
    if hint.startswith("try"):
        assert caught.value.hint.count(",") == 2
        assert (caught.value.text, caught.value.start, caught.value.end) == (layer, 0, len(layer))


@each(
    ("shape", "words", "bias"),
    [((4,), [], True), ((5,), [], False), ((4, 1), [], False), (None, [], False), (None, ["bias"], True)],
)
def test_the_array_beside_a_kernel_is_its_bias_where_it_fits(
    shape: tuple[int, ...] | None, words: list[str], bias: bool
) -> None:
    """Words say one that is not there: it is zeros."""
    weights = random_weights(4, 3, 3, 3)
    arrays: dict[str, Any] = {"a.weight": lambda: weights}
    if shape is not None:
        arrays["a.bias"] = lambda: np.ones(shape)
    sources, notes = sources_of(arrays, "m", ["@9", *words], "a.weight")
    kernel = sources[0].read()
    assert (kernel.spec.bias, kernel.bias is not None, notes) == (bias, bias, ())
    assert kernel.bias is None or kernel.bias.tolist() == [float(shape is not None)] * 4


def test_a_size_that_nobody_says_is_noted() -> None:
    arrays: dict[str, Any] = {"a": lambda: random_weights(4, 3, 3, 1, 3)}
    assert sources_of(arrays, "m", [], "")[1] == ("no input size is said, so costs are those at @56x56x56",)
    assert sources_of(arrays, "m", ["in=9"], "")[1] == sources_of(arrays, "m", ["@9"], "")[1] == ()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.ones(3), "b": np.ones(3)}, "has 2 arrays"), ({"a": np.ones(3, complex)}, "an input of complex128"),
        ({"a": np.ones((0, 3))}, "with 0 numbers"), ({"a": np.array(["x"])}, "an input of <U1 with 1 numbers"),
    ],
)  # fmt: skip
def test_an_input_is_one_array_of_real_numbers(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(SpecError, match=message):
        numbers_of(str(tmp_path / "x.npz"))


@pytest.mark.parametrize("kind", ["f4", "i1", "u1", "?"])
def test_an_input_may_be_of_any_real_type(kind: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((1, 2), kind))
    assert numbers_of(str(tmp_path / "x.npy")).tolist() == [[1, 1]]


@each(
    ("value", "text"),
    [
        (0.5, "0.5"), (1 / 3, "0.3333"), (-2.0000001, "-2"), (1e-7, "0"), (0.001, "0.001"), (12345.004, "12345"),
        (12345.02, "1.235e+04"), (3.0, "3"), (-1e-9, "0"), (1000003.0, "1000003"),
    ],
)  # fmt: skip
def test_a_number_is_whole_up_to_a_millionth_or_has_four_digits(value: float, text: str) -> None:
    assert _short(value) == text


@pytest.mark.needs("safetensors")
def test_safetensors_are_read_by_their_numpy_reader(tmp_path: Path) -> None:
    from safetensors import numpy as numpy_reader

    numpy_reader.save_file(
        {"conv1.weight": random_weights(4, 3, 3, 3), "fc.weight": np.ones((3, 3), "f4")},
        str(tmp_path / "m.safetensors"),
    )
    found = read(tmp_path / "m.safetensors", "@8", layer="conv1.weight")
    assert [layer.name for layer in found.layers] == ["conv1.weight"]


WRONG = {
    "missing.npy": "there is no such file", "text.npy": "damaged, or no array", "objects.npy": "Python objects",
    "flat.npy": "flat is no kernel: 7", "empty.npy": "has no weights", "weights.bin": "is no file of trained weights",
}  # fmt: skip


@each("name", WRONG)
def test_what_is_no_kernel_is_one_short_message(name: str, tmp_path: Path) -> None:
    (tmp_path / "text.npy").write_text("no array")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "flat.npy", np.ones(7))
    np.save(tmp_path / "empty.npy", np.ones((0, 3, 3, 3)))
    with pytest.raises(SpecError, match=WRONG[name]):
        read(tmp_path / name)


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    (tmp_path / "m.safetensors").write_bytes(b"")
    with pytest.raises(SpecError) as error:
        read(tmp_path / "m.safetensors")
    assert "safetensors package" in error.value.message
    assert error.value.hint == "pip install 'convcost[safetensors]'"


def test_a_layer_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.onnx", [conv("x", "w", "y")], {"w": random_weights(2, 3, 3, 3)}, (1, 3, 6, 6))
    with pytest.raises(SpecError, match="has no layer 'Conv'"):
        separate_file(path, [], QUIET, layer="Conv")
    np.savez(tmp_path / "m.npz", a=random_weights(2, 3, 3, 3))
    with pytest.raises(SpecError, match="has no array 'b'"):
        read(tmp_path / "m.npz", layer="b")


@pytest.mark.parametrize(
    ("kernel", "size", "shapes", "wrong", "reads"),
    [
        ((6, 4, 3, 3), "@9", [(1, 4, 9, 9), (4, 9, 9)], (2, 3, 9, 9), "(batch, 4, height, width)"),
        ((6, 4, 3, 3), "@9", [(1, 4, 9, 9)], (9, 9), "(batch, 4, height, width)"),
        ((6, 4, 5), "@30", [(1, 4, 30), (4, 30)], (30, 4), "(batch, 4, …)"),
    ],
)
def test_a_kernel_is_tried_on_its_own_input(
    kernel: tuple[int, ...], size: str, shapes: list[tuple[int, ...]], wrong: tuple[int, ...], reads: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    """With a batch or without, as PyTorch has it: the same error of the output; of another shape it is refused."""
    np.save(tmp_path / "k.npy", random_weights(*kernel))
    path, given = str(tmp_path / "k.npy"), tmp_path / "x.npy"
    errors = []
    for shape in shapes:
        np.save(given, random_weights(*shape, seed=3))
        (layer,) = separate_file(path, [size], QUIET, inputs=(str(given),)).layers
        errors.append([row.output_error for row in layer.rows])
    assert errors[0]
    assert all(error is not None and 0 <= error < 1.5 for error in errors[0])
    assert errors == errors[:1] * len(errors)
    np.save(given, random_weights(*wrong))
    with pytest.raises(SpecError) as caught:
        separate_file(path, [size], QUIET, inputs=(str(given),))
    assert f"is {'x'.join(map(str, wrong))}, the layer reads {reads}" in caught.value.message
    plain = separate_file(path, [size], QUIET).layers[0]
    assert {row.output_error for row in plain.rows} == {None}


def test_a_layer_whose_output_loses_more_weighs_more_in_a_budget(tmp_path: Path) -> None:
    """As much as its output's error is larger than its kernel's, squared; without an input each weighs 1."""
    np.save(tmp_path / "k.npy", random_weights(8, 8, 3, 3))
    np.save(tmp_path / "x.npy", random_weights(1, 8, 9, 9, seed=3))
    (layer,) = separate_file(str(tmp_path / "k.npy"), ["@9"], QUIET, inputs=(str(tmp_path / "x.npy"),)).layers
    (half,) = [row for share, row in layer.best if share == 0.5 and row] or [None]
    sources, _ = array_sources(str(tmp_path / "k.npy"), ["@9"], "")
    image = np.moveaxis(np.load(tmp_path / "x.npy"), 1, -1)
    assert separate._ways(sources[0])[2] == 1.0
    weight = separate._ways(sources[0]._replace(given=lambda: image))[2]
    assert half is not None
    assert half.output_error is not None
    assert weight != 1.0
    assert weight == pytest.approx((half.output_error / half.error) ** 2)


def test_an_input_is_of_one_kernel(tmp_path: Path) -> None:
    """Of several the one that is meant must be named."""
    np.savez(tmp_path / "k.npz", a=random_weights(4, 4, 3, 3), b=random_weights(4, 4, 3, 3))
    np.save(tmp_path / "x.npy", random_weights(1, 4, 9, 9))
    given = str(tmp_path / "x.npy")
    with pytest.raises(SpecError, match="which layer has that input") as caught:
        separate_file(str(tmp_path / "k.npz"), ["@9"], QUIET, inputs=(given,))
    assert (caught.value.text, caught.value.start, caught.value.end) == (given, 0, len(given))
    (one,) = separate_file(str(tmp_path / "k.npz"), ["@9"], QUIET, layer="b", inputs=(given,)).layers
    assert one.rows[0].output_error is not None


@pytest.mark.parametrize(
    ("layer", "hint"),
    [
        ("y", "try Conv.y"), ("Conv", "try Conv.a, Conv.b, Conv.c"), ("zzz", "try Conv.a, Conv.b, Conv.c"),
        ("Conx.y", "try Conv.y, "),
    ],
)  # fmt: skip
def test_a_layer_that_a_model_has_not_is_answered_with_those_that_are_like_it(
    layer: str, hint: str, tmp_path: Path
) -> None:
    """Those whose names have it inside, near ones, or the first; three of them."""
    nodes = [conv("x", "w", "a"), conv("a", "w", "b"), conv("b", "w", "c"), conv("c", "w", "y")]
    path = saved(tmp_path / "m.onnx", nodes, {"w": random_weights(3, 3, 1, 1)}, (1, 3, 4, 4))
    with pytest.raises(SpecError, match=f"has no layer '{layer}'") as caught:
        separate_file(path, [], QUIET, layer=layer)
    assert caught.value.hint.startswith(hint)
    assert caught.value.hint.count("Conv.") == (1 if layer == "y" else 3)
    assert caught.value.text[caught.value.start : caught.value.end] == layer


def test_an_array_is_separated_as_a_file_of_it_is(tmp_path: Path) -> None:
    """With data that is an array or a path, as the kernel is."""
    weights, x = random_weights(6, 4, 3, 3), random_weights(1, 4, 9, 9, seed=3)
    np.save(tmp_path / "k.npy", weights)
    np.save(tmp_path / "x.npy", x)
    alone = separate_weights(weights, ["@9"], QUIET, "", None)
    assert (alone.name, alone.layers[0].name, alone.input, alone.notes) == ("kernel", "kernel", "", ())
    assert (alone.inside, alone.removal) == (0, None)
    assert separate_weights(weights.tolist(), [], QUIET, "", None).notes[0].endswith("those at @56x56")
    assert {row.output_error for row in alone.layers[0].rows} == {None}
    given = separate_weights(weights, ["@9"], QUIET, "", x)
    errors = [row.output_error for row in given.layers[0].rows]
    assert given.input == "input"
    assert None not in errors
    for path in (tmp_path / "k.npy", str(tmp_path / "k.npy")):
        assert separate_weights(path, ["@9"], QUIET, "", None).layers[0].rows == alone.layers[0].rows
        for data in (tmp_path / "x.npy", str(tmp_path / "x.npy")):
            of_file = separate_weights(path, ["@9"], QUIET, "", data)
            assert (of_file.input, [row.output_error for row in of_file.layers[0].rows]) == (str(data), errors)
        with pytest.raises(SpecError, match="the data for a file is a file"):
            separate_weights(path, ["@9"], QUIET, "", x)


def test_rows_of_one_kernel_are_all_executed_and_of_several_the_best(tmp_path: Path) -> None:
    np.save(tmp_path / "k.npy", random_weights(4, 4, 3, 3))
    np.savez(tmp_path / "m.npz", a=random_weights(4, 4, 3, 3), b=random_weights(4, 4, 3, 3, seed=1))
    (alone,) = separate_file(str(tmp_path / "k.npy"), ["@9"], Asked()).layers
    assert {row.verified is not None for row in alone.rows} == {True}
    for layer in separate_file(str(tmp_path / "m.npz"), ["@9"], Asked()).layers:
        assert {row.verified is not None for row in layer.rows} == {True, False}
        assert all(row is None or row.verified is not None for _, row in layer.best)
    (named,) = separate_file(str(tmp_path / "m.npz"), ["@9"], Asked(), layer="b").layers
    assert {row.verified is not None for row in named.rows} == {True}


def test_a_kernel_that_cannot_be_looked_at_is_no_filter(tmp_path: Path) -> None:
    np.save(tmp_path / "k.npy", np.full((1, 1, 3, 3), np.nan))
    (layer,) = read(tmp_path / "k.npy", "@9").layers
    assert "9 of 9 are NaN or infinite" in layer.reason
    assert (layer.filter, layer.rows, layer.dead) == ("", (), None)
    np.save(tmp_path / "k.npy", np.ones((3, 3)))
    assert read(tmp_path / "k.npy", "@9").layers[0].filter == "rank 1 = [1 1 1]ᵀ·[1 1 1]"


@pytest.mark.parametrize(
    ("more", "layer", "removed"),
    [({}, "", True), ({}, "Conv.y", False), ({"macs": 0.5}, "", False), ({"error": 0.5}, "", False)],
)
def test_what_is_dead_is_of_a_whole_model_that_nothing_else_is_asked_of(
    more: dict[str, float], layer: str, removed: bool, tmp_path: Path
) -> None:
    """Of one layer every row is executed."""
    nodes = [conv("x", "w", "a"), conv("a", "w", "y")]
    path = saved(tmp_path / "m.onnx", nodes, {"w": random_weights(3, 3, 3, 3)}, (1, 3, 9, 8))
    found = separate_file(path, [], Asked(**more), layer=layer)
    assert (found.removal is not None) is removed
    assert len(found.layers) == 2 - bool(layer)
    executed = {row.verified is not None for row in found.layers[-1].rows}
    assert executed == ({True} if layer else {True, False} if removed else executed)


def two_inputs(path: Path) -> str:
    """A file with inputs x and z of any size, and a convolution of each; its weights are listed as an input."""
    inputs = [
        onnx.helper.make_tensor_value_info("w", 1, [3, 3, 3, 3]),
        *[onnx.helper.make_tensor_value_info(name, 1, ["N", 3, "H", "W"]) for name in "xz"],
    ]
    outputs = [onnx.helper.make_tensor_value_info(name, 1, None) for name in "ab"]
    tensors = [onnx.numpy_helper.from_array(random_weights(3, 3, 3, 3), "w")]
    graph = onnx.helper.make_graph([conv("x", "w", "a"), conv("z", "w", "b")], "g", inputs, outputs, tensors)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return str(path)


def test_data_is_of_the_input_that_is_named_or_of_the_first(tmp_path: Path) -> None:
    """What is a constant of the file is no input; a size may be said without data."""
    path, x, z = two_inputs(tmp_path / "m.onnx"), str(tmp_path / "x.npy"), str(tmp_path / "z.npy")
    np.save(x, random_weights(1, 3, 7, 6))
    np.save(z, random_weights(1, 3, 9, 8))

    def seen(*inputs: str) -> list[tuple[Any, bool]]:
        layers = separate_file(path, [], QUIET, inputs=inputs).layers
        return [
            (layer.spec and layer.spec.input_size, any(row and row.output_error is not None for _, row in layer.best))
            for layer in layers
        ]

    assert seen(x, "z=1x3x5x4") == [((7, 6), True), ((5, 4), False)]
    assert seen("x=1x3x7x6", f"z={z}") == [((7, 6), False), ((9, 8), True)]
    assert seen(f"x={x}", f"z={z}") == [((7, 6), True), ((9, 8), True)]
    assert separate_file(path, [], QUIET, inputs=(x, "z=1x3x5x4")).input == x
    with pytest.raises(SpecError, match="size is given twice") as caught:
        separate_file(path, ["@9"], QUIET, inputs=("x=1x3x7x6",))
    assert (caught.value.text, caught.value.start, caught.value.end) == ("@9", 0, 2)
    alone = saved(tmp_path / "n.onnx", [conv("x", "w", "y")], {"w": random_weights(3, 3, 3, 3)}, ("N", 3, "H", "W"))
    (layer,) = separate_file(alone, ["@9x8"], QUIET).layers
    assert layer.spec is not None
    assert layer.spec.input_size == (9, 8)


def test_a_word_that_begins_with_a_sign_is_a_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such file"):
        separate_file(two_inputs(tmp_path / "m.onnx"), ["@9"], QUIET, inputs=("=1x3x7x6",))
