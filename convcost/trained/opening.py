"""From a file to the answer: which kind it is, its layers, the data that it is given, what is dead in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..graph.ops import Shape
from ..graph.shapes import infer_shapes
from ..networks.build import Network
from ..networks.input import read_size
from ..networks.onnx import read_onnx
from ..spec import SpecError
from ..spec.errors import clip
from .answer import Asked, Separation, Source
from .arrays import FILTERS, array_sources, filter_text, is_arrays, numbers_of, sources_of
from .separate import Watch, separate_sources, unwatched

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .models import Model

_SIZES = re.compile(r"[0-9]{1,9}(x[0-9]{1,9})*")


def separate_weights(weights: object, words: Sequence[str], asked: Asked, layer: str, data: object) -> Separation:
    """The same of a path, or of an array of weights, with data that is a path or an array."""
    import numpy as np

    if isinstance(weights, str | Path) and not (data is not None and not isinstance(data, str | Path)):
        return separate_file(str(weights), words, asked, layer=layer, inputs=() if data is None else (str(data),))
    if isinstance(weights, str | Path):
        raise SpecError("the data for a file is a file", "save it with numpy.save, and give its path")
    sources, notes = sources_of({"kernel": lambda: np.asarray(weights)}, "the array", words, "")
    if data is not None:
        given = _channels_last(np.asarray(data), sources[0], "input")
        sources = [sources[0]._replace(given=lambda: given)]
    found = _alone(separate_sources("kernel", sources, asked._replace(every=True)), sources[0])
    return found._replace(notes=notes, input="" if data is None else "input")


def separate_file(
    path: str, words: Sequence[str], asked: Asked, *, layer: str = "", inputs: Sequence[str] = (),
    watch: Watch = unwatched,
) -> Separation:  # fmt: skip
    """What the kernels of a file would lose; SpecError where it is none, or where the words do not fit it."""
    if is_arrays(path):
        return _of_arrays(path, words, asked, layer, inputs, watch)
    if not path.lower().endswith(".onnx"):
        hint = f"name an .onnx, .npy, .npz or .safetensors file, or one of {', '.join(FILTERS)}"
        raise SpecError(f"{clip(path)} is no file of trained weights", hint, path)
    return _of_model(path, words, asked, layer, inputs, watch)


def _of_arrays(
    path: str, words: Sequence[str], asked: Asked, layer: str, inputs: Sequence[str], watch: Watch
) -> Separation:
    sources, notes = array_sources(path, words, layer)
    if inputs:
        if len(sources) > 1:
            raise SpecError("which layer has that input?", "add --layer NAME", inputs[0])
        given = _channels_last(numbers_of(inputs[0]), sources[0], inputs[0])
        sources = [sources[0]._replace(given=lambda: given)]
    asked = asked._replace(every=asked.every or len(sources) == 1)
    found = separate_sources(Path(path).name, sources, asked, watch)
    if len(sources) == 1:
        found = _alone(found, sources[0])
    return found._replace(notes=(*found.notes, *notes), input=inputs[0] if inputs else "")


def _alone(found: Separation, source: Source) -> Separation:
    """The answer of one kernel, which may be a filter."""
    if not found.layers[0].reason:
        found = found._replace(layers=(found.layers[0]._replace(filter=filter_text(source.read().weights)),))
    return found


def _channels_last(array: NDArray[Any], source: Source, name: str) -> NDArray[Any]:
    """An input of a layer, (batch, channels, *spatial) or without the batch, as the executor has it."""
    import numpy as np

    spec = source.spec
    axes = spec.axes if spec is not None else 2
    whole = array[None] if array.ndim == axes + 1 else array
    if spec is None or whole.ndim != axes + 2 or whole.shape[1] != spec.in_channels:
        wanted = f"(batch, {spec.in_channels if spec else 'channels'}, {'height, width' if axes == 2 else '…'})"
        shape = "x".join(map(str, array.shape))
        hint = "save its input as PyTorch has it"
        raise SpecError(f"{clip(name)} is {shape}, the layer reads {wanted}", hint, name)
    return np.moveaxis(whole, 1, -1)


def _of_model(
    path: str, words: Sequence[str], asked: Asked, layer: str, inputs: Sequence[str], watch: Watch
) -> Separation:
    from ..networks.onnx.weights import Stored
    from .activations import layer_inputs
    from .models import Model
    from .removal import with_dead

    shapes = dict([one for text in inputs if (one := _shape(text))])
    inputs = [text for text in inputs if not _shape(text)]
    stored = Stored(path)
    constants = {tensor.name for tensor in stored.model.graph.initializer}
    first = next((one.name for one in stored.model.graph.input if one.name not in constants), "")
    data = {name or first: array for name, array in map(_named, inputs)}
    model = Model(
        stored, read_network(path, " ".join(words), shapes | {name: array.shape for name, array in data.items()})
    )
    layers = [one for one in model.layers if not layer or one.name == layer]
    if not layers:
        raise _no_layer(path, layer, model)
    given = layer_inputs(model, data) if data else {}
    sources = [
        Source(one.name, one.kernel, one.spec, lambda one=one: given.get(one.given))  # type: ignore[misc]  # bound
        for one in layers
    ]
    found = separate_sources(Path(path).name, sources, asked._replace(every=asked.every or bool(layer)), watch)
    found = found._replace(inside=model.inside, input=", ".join(inputs))
    if layer or asked.macs is not None or asked.error is not None:
        return found
    return with_dead(found, model, verify=asked.verify, limit=asked.limit)


def read_network(path: str, tokens: str, shapes: Mapping[str, Shape]) -> Network:
    """The network of an ONNX file, its inputs of these shapes, or of the size that tokens say."""
    size, batch = read_size(tokens)
    if size is not None and shapes:
        raise SpecError("the input's size is given twice", "keep @SIZE or --input", tokens)
    found = read_onnx(path, shapes, batch, size)
    return Network(found.name, "", found.graph, infer_shapes(found.graph), tuple(found.unknown), found.upper_bound)


def _shape(text: str) -> tuple[str, Shape] | None:
    """`NAME=1x3x224x224` settles an input's size without data."""
    name, _, sizes = text.rpartition("=")
    found = _SIZES.fullmatch(sizes)
    return (name, tuple(map(int, sizes.split("x")))) if name and found else None


def _named(text: str) -> tuple[str, NDArray[Any]]:
    """`x.npy`, or `NAME=x.npy`."""
    name, _, path = text.rpartition("=")
    return name, numbers_of(path)


def _no_layer(path: str, layer: str, model: Model) -> SpecError:
    names = [one.name for one in model.layers]
    if not names:
        return SpecError(f"{clip(path)}: there is no convolution in it", "convcost network FILE lists what there is")
    inside = [name for name in names if layer in name][:3]
    near = inside or get_close_matches(layer, names, n=3, cutoff=0.3) or names[:3]
    return SpecError(f"{clip(path)} has no layer {clip(layer)!r}", f"try {', '.join(near)}", layer)
