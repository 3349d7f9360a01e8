"""A PyTorch module -> the graph: the user's own torch exports it to ONNX, and the reader of ONNX reads that.

The export is `torch.export`'s, as `torch.onnx.export(…, dynamo=True)` gives it, in evaluation mode and not optimized:
nothing is folded. Weights are never written, only their shapes. torch is imported where a module is read, and
nowhere else.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ..analysis import cost
from ..graph.ops import Counted, Graph, Shape
from ..graph.shapes import infer_shapes
from ..spec.errors import SpecError, clip
from .build import Network
from .input import read_shape
from .onnx import read_onnx

#: Largest tensor, in bytes, whose numbers are kept: an operation may ask for them to know a shape.
SMALL = 1_024

_INSTALL = "pip install torch 'convcost[torch]'"
_BY_HAND = "export it: torch.onnx.export(model, (x,), 'model.onnx'), then convcost network model.onnx"


class Imported(NamedTuple):
    """A module as a network, and what there is to say about it."""

    network: Network
    notes: tuple[str, ...]


def module_network(module: Any, tokens: str, name: str = "") -> Imported:
    """A `torch.nn.Module` as a network, counted in evaluation mode; its own mode is as before when it comes back."""
    torch = torch_library()
    if not isinstance(module, torch.nn.Module):
        raise SpecError(f"{clip(name) or 'it'} is a {type(module).__name__}, no torch.nn.Module", "name a module")
    shape, kind = _input(torch, module, tokens)
    with quietly(), torch.no_grad(), _evaluated(module):
        example = _example(torch, module, shape, kind)
        program = _exported(torch, module, example, shape)
        singles = _prepare(program.model, module)
        read = _read(program.model)
    graph = Graph(read.graph.input_shape, read.graph.dtype, _with_singles(read.graph, singles))
    network = Network(
        name or type(module).__name__, "", graph, infer_shapes(graph), tuple(read.unknown), read.upper_bound,
        read.params_complete,
    )  # fmt: skip
    return Imported(network, _unread(module, program.model, graph))


def torch_library() -> Any:
    """The user's torch, with what it exports by; SpecError says in one line what of it is missing."""
    for library, why in (("torch", "a PyTorch module"), ("onnxscript", "exporting one"), ("onnx", "exporting one")):
        if library not in sys.modules and find_spec(library) is None:
            raise SpecError(f"{why} needs {library}, which is not installed here", _INSTALL)
    return import_module("torch")


@contextmanager
def quietly() -> Iterator[None]:
    """What others print is no result; what torch warns of concerns files that are kept."""
    import logging
    import warnings

    before = logging.root.manager.disable
    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


def printable(text: str) -> str:
    """`text` in one line that upsets no terminal."""
    return "".join([c if c.isprintable() else " " for c in text])


# -- its input --------------------------------------------------------------------------------------------------------


def _input(torch: Any, module: Any, tokens: str) -> tuple[Shape, Any]:
    """The shape that `tokens` say, else the model itself, and the element type that the module takes."""
    channels, axes, kind = _first_layer(torch, module)
    for name in ("pretrained_cfg", "default_cfg"):  # timm's models know the size that they were made for
        known = getattr(module, name, None)
        if isinstance(known, dict) and "input_size" in known and "@" not in tokens and "in=" not in tokens:
            tokens = f"{tokens} @{'x'.join(map(str, known['input_size']))}"
    shape, dtype = read_shape(tokens, channels, axes)
    if dtype != "fp32":
        at = tokens.index(dtype)
        raise SpecError("a module has a dtype of its own", "leave it out", tokens, at, at + len(dtype))
    return shape, kind


def _first_layer(torch: Any, module: Any) -> tuple[int | None, int | None, Any]:
    """Channels and axes of the first layer that has weights, as far as that says them, and the input's type."""
    nn = torch.nn
    kind = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)
    for layer in module.modules():
        name = type(layer).__name__
        if isinstance(layer, nn.modules.conv._ConvNd):
            axes = next((n for n in (1, 2, 3) if name.endswith(f"{n}d")), len(layer.kernel_size))
            return layer.in_channels or None, axes, kind
        if isinstance(layer, nn.Linear):
            return layer.in_features or None, 0, kind
        if isinstance(layer, nn.Embedding):
            return None, 0, torch.int64
    return None, None, kind


def _example(torch: Any, module: Any, shape: Shape, kind: Any) -> Any:
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    if prod(shape) > 10**9:
        raise SpecError(f"an input of {'x'.join(map(str, shape))} does not fit into memory", "give a smaller one")
    return torch.zeros(shape, dtype=kind, device=device)


@contextmanager
def _evaluated(module: Any) -> Iterator[None]:
    """In evaluation mode; every module back in its own afterwards."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


# -- from a module to a graph -----------------------------------------------------------------------------------------


def _exported(torch: Any, module: Any, example: Any, shape: Shape) -> Any:
    """The exporter's program; where there is none, what the module says of such an input, or what the exporter does."""
    shown = "x".join(map(str, shape))
    try:
        return torch.onnx.export(module, (example,), dynamo=True, optimize=False, verbose=False)
    except Exception as error:
        exported = error
    try:
        module(example)
    except Exception as error:
        first = printable((str(error).strip().splitlines() or [""])[0])[:200]
        raise SpecError(f"it does not take an input of {shown}: {first}", "give its input: @3x224x224") from None
    cause: BaseException = exported
    while cause.__cause__ is not None:
        cause = cause.__cause__
    first = printable((str(cause).strip().splitlines() or [""])[0])[:200]
    raise SpecError(f"torch.export cannot follow it: {type(cause).__name__}: {first}", _BY_HAND) from None


def _prepare(model: Any, module: Any) -> Counter[str]:
    """Make the exported model say what the module says; gives the nodes that read single learned numbers.

    Convolutions without a bias get one of zeros from the exporter: it is taken off. Tables of floats that nobody
    learned (buffers) are made to look like what they are, no weights. Nodes get the paths of their modules.
    """
    ir = import_module("onnx_ir")
    graph, learned = model.graph, {name for name, _ in module.named_parameters(remove_duplicate=False)}
    for node in graph:
        if node.op_type in ("Conv", "ConvTranspose") and len(node.inputs) > 2 and node.inputs[2] is not None:
            made_by = node.inputs[2].producer()
            if made_by is not None and made_by.op_type == "Expand":
                node.replace_input_with(2, None)
                _remove_unread(graph, made_by)
    _name_nodes(graph, {path for path, part in module.named_modules() if not any(part.children())})
    singles: Counter[str] = Counter()
    for name, value in list(graph.initializers.items()):
        readers = [node for node, _ in value.uses()]
        if value.const_value is None or not readers:
            continue
        if name in learned:
            if prod(value.const_value.shape) == 1:
                singles[readers[0].name] += 1
        elif value.const_value.dtype.is_floating_point() and {n.op_type for n in readers} != {"BatchNormalization"}:
            _unlearned(ir, graph, value)
    for value in graph.initializers.values():
        tensor = value.const_value
        if tensor is not None and tensor.dtype.is_floating_point() and tensor.nbytes > SMALL:
            value.const_value = ir.ExternalTensor(
                "weights", None, None, tensor.dtype, shape=tensor.shape, name=value.name
            )
    return singles


def _remove_unread(graph: Any, node: Any) -> None:
    """Take away a node that nobody reads, and what it alone read."""
    if any(value.uses() or value.is_graph_output() for value in node.outputs):
        return
    makers = {id(value.producer()): value.producer() for value in node.inputs if value is not None}
    graph.remove(node, safe=True)
    for maker in makers.values():
        if maker is not None:
            _remove_unread(graph, maker)


def _unlearned(ir: Any, graph: Any, value: Any) -> None:
    """Put integers in the place of a buffer, and a cast to its type behind them: integers are nobody's weights."""
    tensor = value.const_value
    shape = [int(n) for n in tensor.shape]
    if not prod(shape):
        return
    integers = ir.Value(name=f"{value.name}.integers", shape=ir.Shape(shape), type=ir.TensorType(ir.DataType.INT64))
    integers.const_value = ir.ExternalTensor(
        "weights", None, None, ir.DataType.INT64, shape=ir.Shape(shape), name=integers.name
    )
    cast = ir.node("Cast", [integers], {"to": int(tensor.dtype)}, name=f"{value.name}.cast")
    made = cast.outputs[0]
    made.name, made.shape, made.type = f"{value.name}.floats", ir.Shape(shape), value.type
    for node, index in list(value.uses()):
        node.replace_input_with(index, made)
    del graph.initializers[value.name]
    graph.initializers[integers.name] = integers
    graph.insert_before(graph[0], cast)


#: What an exporter writes beside the operation that a module is.
_HELPERS = frozenset(("Constant", "Shape", "Expand", "Cast", "CastLike", "Transpose", "Reshape", "Identity"))

#: The operation that a module with weights is.
_MAIN = frozenset(("Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "LayerNormalization", "Gather"))


def _name_nodes(graph: Any, leaves: set[str]) -> None:
    """Name every node after the module that it comes from, by what it does, too, unless it is all that this does."""
    paths = [_path(node) for node in graph]
    often = Counter([path for node, (path, _) in zip(graph, paths) if node.op_type not in _HELPERS])
    taken: Counter[str] = Counter()
    for node, (path, function) in zip(graph, paths):
        alone = often[path] == 1 and path in leaves and node.op_type not in _HELPERS
        main = node.op_type in _MAIN and path in leaves
        name = path if path and (alone or main) else ".".join(filter(None, [path, function]))
        taken[name] += 1
        node.name = name if taken[name] == 1 else f"{name}-{taken[name]}"


def _path(node: Any) -> tuple[str, str]:
    """The path of the module that a node comes from, and what is done there."""
    try:
        scopes = ast.literal_eval(node.metadata_props["pkg.torch.onnx.name_scopes"])
        function = re.sub(r"(_\d+)+$", "", scopes[-1]).strip("_")
        same = function.replace("_", "") in node.op_type.lower() or node.op_type.lower() in function.replace("_", "")
        return str(scopes[-2]) if len(scopes) > 1 else "", function if same else node.op_type.lower()
    except (KeyError, ValueError, SyntaxError, IndexError, TypeError):
        return "", node.op_type.lower()


def _read(model: Any) -> Any:
    ir = import_module("onnx_ir")
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "module.onnx")
        ir.save(model, path)
        return read_onnx(path, {}, None)


def _with_singles(graph: Graph, singles: Counter[str]) -> tuple[Any, ...]:
    """The nodes, with single learned numbers, which in a file look like literals."""
    return tuple([
        node._replace(op=node.op._replace(params=node.op.params + singles[node.name]))
        if singles[node.name] and type(node.op) is Counted else node
        for node in graph.nodes
    ])  # fmt: skip


def _unread(module: Any, model: Any, graph: Graph) -> tuple[str, ...]:
    """A note where the module has more params than its evaluation reads, or the file shows another number of them."""
    everywhere = [(name, p) for name, p in module.named_parameters(remove_duplicate=False)]  # under all their names
    seen = {id(p) for name, p in everywhere if name in model.graph.initializers}
    read = {name: p.numel() for name, p in module.named_parameters() if id(p) in seen}
    rest = {name: p.numel() for name, p in module.named_parameters() if id(p) not in seen}
    notes = []
    if sum(rest.values()):
        first = ", ".join(list(rest)[:2]) + (", …" if len(rest) > 2 else "")
        notes.append(f"{sum(rest.values()):,} params are not read in evaluation mode and not counted: {first}")
    counted = sum([n.op.params if type(n.op) is Counted else cost.params(n.op) for n in graph.nodes])
    if counted != sum(read.values()):
        notes.append(f"the module reads {sum(read.values()):,} params, of which the operations show {counted:,}")
    return tuple(notes)
