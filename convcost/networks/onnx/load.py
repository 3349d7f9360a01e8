"""Reads a model without its weights, and gives its inputs their sizes."""

from __future__ import annotations

from collections.abc import Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from ...graph.ops import Shape
from ...spec.errors import clip
from .isolated import bad_file, onnx_library
from .wire import Malformed, check_text, without_weights

#: Largest size of an axis; what the notation of specs allows, too.
LARGEST = 10**18 - 1

#: Dimensions that a message shows.
SHOWN = 8

#: Names that are none, and the size of a name that stands for several.
PLACEHOLDERS, AMBIGUOUS = frozenset(("?", "-1", "None", "unk", "unknown")), -1


def load(path: str, inputs: Mapping[str, Shape], batch: int | None, size: Shape | int | None = None) -> Any:
    """The model, its inputs with sizes; SpecError where the file or an input is not in order."""
    library = onnx_library("onnx_ml_pb2")
    try:
        model = library.ModelProto.FromString(_stripped(path))
        graph = model.graph
        for value in (*graph.input, *graph.output, *graph.value_info):
            check_text(value.name, *[dim.dim_param for dim in _dims(value)])
    except Malformed as error:
        raise bad_file(path, str(error), "is the file complete?") from None
    except OSError as error:
        raise bad_file(path, f"cannot be read: {error.strerror or error}") from None
    except Exception:  # the decoder's own error, whose class moved between versions of protobuf
        raise bad_file(path, "it is no ONNX model, or damaged", "is the file complete?") from None
    if not model.graph.node:
        raise bad_file(path, "there is no operation in it", "is it an ONNX model?")
    if size is None:
        bind_inputs(model.graph, inputs, batch, path)
    else:
        image = image_input(model.graph, path)
        whole = whole_shape(image, size if isinstance(size, tuple) else (size,), batch, path)
        bind_inputs(model.graph, {image.name: whole}, None if len(_given(model.graph)) == 1 else batch, path)
    onnx_library("onnx_cpp2py_export").defs.has_schema("Relu")  # builds its table of operations here, once
    return model


def _stripped(path: str) -> bytes:
    """The file without its weights; what cannot be mapped into memory is read."""
    if Path(path).exists() and not Path(path).is_file():  # a pipe may never be opened
        raise Malformed("it is empty or no regular file")
    with Path(path).open("rb") as file:
        try:
            with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
                return without_weights(data)
        except (ValueError, OSError) as error:
            if isinstance(error, Malformed):
                raise
            raise Malformed("it is empty or no regular file") from None


def bind_inputs(graph: Any, inputs: Mapping[str, Shape], batch: int | None, path: str) -> None:
    """Give the graph's inputs their sizes, dimensions of one name the same one; forget shapes that no longer hold."""
    given = _given(graph)
    for name in inputs:
        if name not in given:
            known = ", ".join(map(clip, [*given][:8]))
            raise bad_file(
                path, f"there is no input {clip(name)!r}", f"there is: {known}" if known else "there is none"
            )
    sizes: dict[str, int] = {}
    changed = False
    for name, shape in inputs.items():
        changed |= _bind(given[name], shape, sizes, path)
    for name, value in given.items():
        dims = _dims(value)
        if batch is not None and dims and name not in inputs and not _is_known(dims[0]):
            if _is_named(dims[0]):
                sizes.setdefault(dims[0].dim_param, batch)
            dims[0].dim_value = batch
            changed = True
    if batch is not None and not changed:
        first = next(iter(given), "NAME")
        raise bad_file(path, "its batch is fixed", f"give the whole input: --input {clip(first)}=…")
    for value in (*graph.value_info, *graph.output):
        _name_sizes(value, sizes)
    for value in given.values():
        _name_sizes(value, sizes)
        _check(value, path)
    if changed:
        del graph.value_info[:]
        for value in graph.output:
            if value.type.HasField("tensor_type"):
                value.type.tensor_type.ClearField("shape")


def _given(graph: Any) -> dict[str, Any]:
    """Inputs by name: what is among them with its numbers is a constant."""
    constants = {tensor.name for tensor in graph.initializer}
    return {value.name: value for value in graph.input if value.name not in constants}


def image_input(graph: Any, path: str) -> Any:
    """The input that a size alone can mean: the only one, or the only one with channels and two or three axes."""
    given = _given(graph)
    images = [value for value in given.values() if len(given) == 1 or len(_dims(value)) in (4, 5)]
    if len(images) != 1:
        names = ", ".join(map(clip, [*given][:8]))
        hint = f"name it: --input NAME=1x3x224x224; there is {names}" if given else "leave the size out"
        raise bad_file(path, f"which of its {len(given)} inputs has that size?" if given else "it has no input", hint)
    return images[0]


def whole_shape(value: Any, size: Shape, batch: int | None, path: str) -> Shape:
    """The shape of an input of which the sides are said, or the channels, too, or all; the rest is in the file."""
    dims = _dims(value)
    axes = len(dims) or max(len(size) + 1, 4)
    known = [dim.dim_value if _is_known(dim) else None for dim in dims] or [None] * axes
    at = -1 if axes > 3 and dims and _is_last(dims) else min(1, axes - 1)
    size = size * (axes - 2) if len(size) == 1 and axes > 3 else size
    channels = known[at]
    if len(size) == axes - 2 and channels is not None:
        size = (*size, channels) if at < 0 else (channels, *size)
    elif len(size) == axes - 1 and at < 0 and size[0] == channels != size[-1]:
        size = (*size[1:], size[0])
    whole = (batch or known[0] or 1, *size) if len(size) == axes - 1 else size
    is_said_twice = len(size) == axes and batch not in (None, size[0])
    if len(whole) == axes and not is_said_twice and channels in (None, whole[at]):
        return whole
    wanted = show_dims(dims) or "of no shape in the file"
    proposed = _proposal(dims) or "1x3x224x224"
    raise bad_file(path, f"input {clip(value.name)!r} is {wanted}", f"write all of it, such as @{proposed}")


def _dims(value: Any) -> Any:
    return value.type.tensor_type.shape.dim if value.type.HasField("tensor_type") else ()


def _is_known(dim: Any) -> bool:
    """Has the dimension a size? -1 is what some exporters write for none."""
    return bool(dim.HasField("dim_value") and dim.dim_value >= 0)


def _is_named(dim: Any) -> bool:
    """Has it a name, which stands for one size? `?` and `-1` are none: each of them is a size of its own."""
    return bool(dim.dim_param) and dim.dim_param not in PLACEHOLDERS


def _bind(value: Any, shape: Shape, sizes: dict[str, int], path: str) -> bool:
    """Set all sizes of an input; gives whether they are others than the file's.

    What is given settles this input. A name that would be two sizes says nothing about other inputs.
    """
    tensor = value.type.tensor_type
    if not value.type.HasField("tensor_type") or (tensor.HasField("shape") and len(tensor.shape.dim) != len(shape)):
        wanted = show_dims(_dims(value)) or "no tensor"
        raise bad_file(path, f"input {clip(value.name)!r} is {wanted}", "give as many sizes, such as 1x3x224x224")
    before = [dim.dim_value if _is_known(dim) else None for dim in tensor.shape.dim]
    for dim, n in zip(tensor.shape.dim, shape):
        if _is_named(dim):
            sizes[dim.dim_param] = n if sizes.get(dim.dim_param, n) == n else AMBIGUOUS
    if tuple(before) == shape:
        return False
    tensor.shape.ClearField("dim")
    for n in shape:
        tensor.shape.dim.add().dim_value = n
    return True


def _name_sizes(value: Any, sizes: Mapping[str, int]) -> None:
    for dim in _dims(value):
        if _is_named(dim) and sizes.get(dim.dim_param, AMBIGUOUS) != AMBIGUOUS:
            dim.dim_value = sizes[dim.dim_param]


def _check(value: Any, path: str) -> None:
    """Every dimension of an input has a size."""
    if not value.type.HasField("tensor_type"):
        return
    name = clip(value.name)
    if not value.type.tensor_type.HasField("shape"):
        raise bad_file(path, f"the shape of input {name!r} is not in the file", f"--input {name}=1x3x224x224")
    dims = _dims(value)
    for number, dim in enumerate(dims):
        if not _is_known(dim):
            called = f" ({clip(dim.dim_param)!r})" if dim.dim_param else ""
            hint = f"--input {name}={_proposal(dims)}"
            if not number and all(_is_known(other) for other in dims[1:]):
                hint += ", or --batch 1"
            raise bad_file(path, f"dimension {number}{called} of input {name!r} has no size in the file", hint)
        if dim.dim_value > LARGEST:
            raise bad_file(path, f"dimension {number} of input {name!r} is {dim.dim_value}")


def _proposal(dims: Any) -> str:
    """Sizes that an input could have: those in the file, for others what images and sequences have."""
    is_image = len(dims) > 3
    is_last = is_image and _is_last(dims)
    sizes = []
    for number, dim in enumerate(dims[:SHOWN]):
        usual = 1 if not number else 3 if is_image and number == 1 and not is_last else 224 if is_image else 128
        sizes.append(str(dim.dim_value if _is_known(dim) else usual))
    return "x".join(sizes)


def _is_last(dims: Any) -> bool:
    """Do the channels of an image stand last?"""
    first, last = [_is_known(dims[at]) and dims[at].dim_value in (1, 3, 4) for at in (1, -1)]
    return last and not first


def show_dims(dims: Any) -> str:
    """Dimensions as `1x3xheight`; one that has neither a size nor a name is `?`."""
    shown = [str(d.dim_value) if _is_known(d) else clip(d.dim_param) or "?" for d in dims[:SHOWN]]
    return "x".join([*shown, *["…"] * (len(dims) > SHOWN)])
