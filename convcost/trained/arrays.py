"""Kernels in files of arrays: .npy, .npz and .safetensors, and what the words beside them say of the layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..spec import LayerSpec, SpecError, parse_spec
from ..spec.errors import clip
from ..variants.factors import read_factors
from ..variants.registry import all_variants
from .answer import Source
from .families import Pair
from .kernels import Kernel, Unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Endings of files with arrays.
ENDINGS = (".npy", ".npz", ".safetensors")

#: The side of an input where nobody says one: ratios of costs hardly depend on it.
USUAL = "56"

#: Axes that a kernel has: outputs, inputs and one to three in space. Of a file with one array two are a filter.
KERNEL_AXES = (3, 4, 5)

#: Filters that are built in, for trying it: Sobel 1968, Scharr 2000, a binomial one, a mean, Laplace's.
FILTERS = {
    "sobel": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    "scharr": [[3, 0, -3], [10, 0, -10], [3, 0, -3]],
    "gaussian": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
    "box": [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
    "laplace": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
}

Read = Callable[[], "NDArray[Any]"]


def is_arrays(name: str) -> bool:
    """Is that the name of a file with arrays?

    >>> is_arrays("kernel.npy"), is_arrays("model.onnx")
    (True, False)
    """
    return name in FILTERS or name.lower().endswith(ENDINGS)


def arrays_in(path: str) -> dict[str, Read]:
    """The arrays of a file by name, each read when it is asked for; SpecError where there are none."""
    if path in FILTERS and not Path(path).exists():
        return {path: lambda: np.array(FILTERS[path], np.float64)}
    if not Path(path).is_file():
        raise SpecError(f"{clip(path)}: there is no such file", "name an .onnx, .npy, .npz or .safetensors file")
    if path.lower().endswith(".safetensors"):
        return _safetensors(path)
    try:
        loaded = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        why = "it holds Python objects, not numbers" if "Object arrays" in str(error) else "it is damaged, or no array"
        raise SpecError(f"{clip(path)}: {why}", "save it with numpy.save, of a plain dtype") from None
    if isinstance(loaded, np.ndarray):
        return {Path(path).stem: lambda: loaded}
    return {name: lambda name=name: _checked(lambda: loaded[name]) for name in loaded.files}  # type: ignore[misc]  # bound


def _checked(read: Read) -> NDArray[Any]:
    try:
        return read()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"it cannot be read: {error}") from None


def _safetensors(path: str) -> dict[str, Read]:
    try:
        library = import_module("safetensors")
    except ImportError:
        hint = "pip install 'convcost[safetensors]'"
        raise SpecError("reading .safetensors needs the safetensors package", hint) from None
    try:
        file = library.safe_open(path, framework="numpy")
        names = list(file.keys())
    except (library.SafetensorError, OSError) as error:
        raise SpecError(f"{clip(path)}: it is damaged: {error}", "is the file complete?") from None

    def reader(name: str) -> Read:
        def read() -> NDArray[Any]:
            try:
                found: NDArray[Any] = file.get_tensor(name)
            except (library.SafetensorError, TypeError, AttributeError):  # bfloat16 has no dtype in NumPy
                raise Unreadable("NumPy has no dtype for its numbers: save it as float32") from None
            return found

        return read

    return {name: reader(name) for name in names}


def array_sources(path: str, words: Sequence[str], layer: str) -> tuple[list[Source], tuple[str, ...]]:
    """The kernels of a file, or the one of that name, and what there is to note; `words` say size, stride, padding …

    SpecError where there is none, or the words do not fit.
    """
    return sources_of(arrays_in(path), path, words, layer)


def sources_of(
    arrays: dict[str, Read], path: str, words: Sequence[str], layer: str
) -> tuple[list[Source], tuple[str, ...]]:
    """The same of arrays by name; `path` is what they are called together."""
    if layer and layer not in arrays:
        near = get_close_matches(layer, arrays, n=3, cutoff=0.4) or list(arrays)[:3]
        raise SpecError(f"{clip(path)} has no array {clip(layer)!r}", f"try {', '.join(near)}", layer)
    names = [layer] if layer else list(arrays)
    sources = []
    for name in names:
        try:
            array = arrays[name]()
        except Unreadable as why:
            reason = str(why)
            sources.append(Source(name, lambda reason=reason: _refuse(reason)))  # type: ignore[misc]  # bound
            continue
        if array.ndim in KERNEL_AXES or (array.ndim == 2 and len(arrays) == 1):
            sources.append(_source(name, array, arrays, words))
        elif layer or len(arrays) == 1:
            shape = "x".join(map(str, array.shape)) or "a single number"
            hint = "a kernel is (out, in, height, width), a filter (height, width)"
            raise SpecError(f"{name} is no kernel: {shape}", hint)
    if not sources:
        hint = "one has three to five axes: (out, in, height, width)"
        raise SpecError(f"{clip(path)}: there is no kernel in it", hint)
    if not has_size(words) and sources[0].spec is not None:
        size = "x".join(map(str, sources[0].spec.input_size))
        return sources, (f"no input size is said, so costs are those at @{size}",)
    return sources, ()


def has_size(words: Sequence[str]) -> bool:
    """Do the words say an input size?"""
    return any([word[:1] == "@" or word.startswith("in=") for word in words])


def _refuse(reason: str) -> Kernel:
    raise Unreadable(reason)


def _source(name: str, array: NDArray[Any], arrays: dict[str, Read], words: Sequence[str]) -> Source:
    """One kernel; the array beside `conv1.weight` that is called `conv1.bias` is its bias."""
    weights = array.reshape(1, 1, *array.shape) if array.ndim == 2 else array
    beside = name.removesuffix("weight") + "bias" if name.endswith("weight") else ""
    spec = layer_of(weights.shape, words)
    bias = None
    if beside in arrays:
        found = arrays[beside]()
        bias = found if found.shape == weights.shape[:1] else None
    if bias is None and spec.bias:
        bias = np.zeros(len(weights))
    spec = spec._replace(bias=bias is not None)
    return Source(name, lambda: Kernel(name, spec, weights, bias), spec)


def layer_of(shape: tuple[int, ...], words: Sequence[str]) -> LayerSpec:
    """The layer of a kernel (out, in a group, *taps) that words describe; without a size, at the usual one.

    >>> layer_of((8, 4, 3, 3), ["@9", "s2", "g2"])[:5]
    (8, 8, (3, 3), (9, 9), (2, 2))
    """
    outer, inner, *taps = shape
    if 0 in shape:
        hint = "a kernel is (out, in, height, width)"
        raise SpecError(f"a kernel of {'x'.join(map(str, shape))} has no weights", hint)
    groups = next((int(word[1:]) for word in words if word[:1] == "g" and word[1:].isdigit() and len(word) < 9), 1)
    line = [f"{inner * groups}:{outer}", "k" + "x".join(map(str, taps)), *words]
    line += ["1d"] * (len(taps) == 1)
    return parse_spec(" ".join(line if has_size(words) else [*line, "@" + "x".join([USUAL] * len(taps))]))


def filter_text(weights: NDArray[Any]) -> str:
    """A single two-dimensional filter as a column times a row, where it is one.

    >>> filter_text(np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]).reshape(1, 1, 3, 3))
    'rank 1 = [1 2 1]ᵀ·[1 0 -1]'

    Empty for anything else than one filter over two axes.
    """
    if weights.ndim != 4 or weights.shape[:2] != (1, 1) or min(weights.shape[2:]) < 2 or not np.isfinite(weights).all():
        return ""
    pair = Pair(weights[None].astype(np.float64), read_factors(all_variants()["spatially-separable"].factors, 2))
    rank = int(np.argmax(pair.lost <= 1e-12 * max(pair.lost[0], 1e-300)))
    if rank != 1:
        return f"rank {rank}" + (f", of at most {pair.most[0]}" if rank > 1 else ": all of it is zero")
    row, column = (part.ravel() for part in pair.factors((1,)))
    scale, parts = 1.0, []
    for part in (column, row):
        big = part[np.abs(part) > 1e-7 * np.abs(part).max()]
        unit = float(big[np.argmin(np.abs(big))])
        scale *= unit
        parts.append(part / unit)
    if scale < 0:
        scale, parts[1] = -scale, -parts[1]
    front = "" if abs(scale - 1) < 1e-6 else f"{_short(scale)}·"
    return f"rank 1 = {front}[{_listed(parts[0])}]ᵀ·[{_listed(parts[1])}]"


def _listed(values: NDArray[Any]) -> str:
    return " ".join([_short(float(value)) for value in values])


def _short(value: float) -> str:
    near = round(value)
    return str(near) if abs(value - near) < 1e-6 * max(1, abs(value)) else f"{value:.4g}"


def numbers_of(path: str) -> NDArray[Any]:
    """The one array of a file that is the data for a layer or a model."""
    arrays = arrays_in(path)
    if len(arrays) != 1:
        raise SpecError(f"{clip(path)} has {len(arrays)} arrays", "--input takes a file with one: an .npy")
    (read,) = arrays.values()
    found = read()
    if found.dtype.kind not in "fiub" or prod(found.shape) == 0:
        raise SpecError(f"{clip(path)}: an input of {found.dtype} with {found.size} numbers", "save real numbers")
    return found
