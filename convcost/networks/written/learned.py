"""What a graph learns, tensor by tensor as PyTorch lays it out, and what is put in: noise, ones, a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from math import log2, prod, sqrt
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import error as zlib_error

from ...graph import ops
from ...graph.dtypes import BITS
from ...spec.errors import SpecError, clip

if TYPE_CHECKING:
    from pathlib import Path

#: Bits of the fraction and the bias of the exponent in each float type.
FRACTION = {"fp64": (52, 1023), "fp32": (23, 127), "fp16": (10, 15), "bf16": (7, 127)}

#: Numbers that are made at a time.
CHUNK = 1 << 16

#: What a kernel makes of the variance of what it reads: more than 1, as ReLU takes half of it, and less than 2, which
#: He et al. 2015 derive: fifty blocks that each add to their input would then overflow whatever is exponential.
GAIN = 1.4

#: Root of the mean square of numbers that are even between 1 and 2.
SPREAD = sqrt(7 / 3)


class Tensor(NamedTuple):
    """Something learned: the name of its node and its own, its sizes, and how large its numbers are to be, about.

    Kernels are (out, in a group, *taps), transposed (in, out a group, *taps); of a matrix product (out, in).
    """

    node: str
    part: str
    dims: tuple[int, ...]
    size: float

    @property
    def name(self) -> str:
        """As in the file, and in `--weights FILE.npz`.

        >>> Tensor("conv", "weight", (8, 3, 3, 3), 0.1).name
        'conv.weight'
        """
        return f"{self.node}.{self.part}"


#: The bytes of a tensor in a dtype, some at a time.
Fill = Callable[[Tensor, str], Iterator[bytes]]

_Parts = list[tuple[str, tuple[int, ...], float]]


def _conv(op: ops.Conv) -> _Parts:
    inner, outer = op.in_channels, op.out_channels
    lead = (inner, outer // op.groups) if op.transposed else (outer, inner // op.groups)
    fan = inner // op.groups * prod(op.kernel_size)
    return [("weight", (*lead, *op.kernel_size), sqrt(GAIN / fan)), *_bias(op.bias, outer)]


def _bias(is_there: bool, channels: int) -> _Parts:
    return [("bias", (channels,), 0.1)] if is_there else []


def _affine(channels: int) -> _Parts:
    return [("weight", (channels,), 1.0), *_bias(True, channels)]


def _scale_and_shift(op: ops.Norm) -> _Parts:
    return _affine(op.channels)[:1] if op.kind == "rms-norm" else _affine(op.channels)


#: What each operation learns: names, sizes, and about how large the numbers are (He et al. 2015 for kernels).
PARTS: ops.ByOp[Callable[[Any], _Parts]] = ops.ByOp(
    {
        ops.Conv: _conv,
        ops.Linear: lambda op: [
            ("weight", (op.out_features, op.in_features), sqrt(GAIN / op.in_features)),
            *_bias(op.bias, op.out_features),
        ],
        ops.Scale: lambda op: [("weight", (op.channels,), 0.25 if op.kind == "prelu" else 1.0)],
        ops.Norm: lambda op: _scale_and_shift(op) if op.affine else [],
        ops.Tokens: lambda op: [
            *([("tokens", (op.learned, op.channels), 1.0)] if op.learned else []),
            ("positions", (op.positions, op.channels), 0.1),
        ],
    },
    dict.fromkeys((ops.BatchNorm, ops.LayerNorm), lambda op: _affine(op.channels)),
    dict.fromkeys((ops.Add, ops.Multiply, ops.Concat, ops.Split, ops.Shuffle), lambda _: []),
    dict.fromkeys((ops.Flatten, ops.Activation, ops.Pool, ops.AdaptivePool), lambda _: []),
    dict.fromkeys((ops.Upsample, ops.PixelShuffle, ops.Pad, ops.Attention, ops.Counted), lambda _: []),
)


def parts_of(op: ops.Op, node: str) -> list[Tensor]:
    """What an operation learns.

    >>> [tensor.name for tensor in parts_of(ops.BatchNorm(8), "norm")]
    ['norm.weight', 'norm.bias']
    """
    return [Tensor(node, *part) for part in PARTS[type(op)](op)]


def learned_tensors(graph: ops.Graph, names: Sequence[str]) -> list[list[Tensor]]:
    """For every node what it reads of learned tensors; `shared` ones are the first before it of the same sizes."""
    first: dict[tuple[object, ...], list[Tensor]] = {}
    found = []
    for node, name in zip(graph.nodes, names):
        own = parts_of(node.op, name)
        key = (type(node.op), *[tensor._replace(node="") for tensor in own])
        is_shared = getattr(node.op, "shared", False)
        found.append(first.get(key, own) if is_shared else own)
        first.setdefault(key, own)
    return found


def noise(seed: int) -> Fill:
    """Seeded noise of each tensor's size: a random sign, and a fraction that is even between 1 and 2.

    >>> fill, tensor = noise(7), Tensor("conv", "weight", (2, 2), 1.0)
    >>> b"".join(fill(tensor, "fp32")) == b"".join(noise(7)(tensor, "fp32")), len(b"".join(fill(tensor, "fp16")))
    (True, 8)

    Bits are drawn and the exponent put over them, which takes a thousandth of the time of drawing normal numbers.
    Exponents are whole; what one tensor is too large by, the next one makes good.
    """
    off = 0.0

    def fill(tensor: Tensor, dtype: str) -> Iterator[bytes]:
        nonlocal off
        wanted = log2(tensor.size / SPREAD) - off
        exponent = max(round(wanted), 1 - FRACTION[dtype][1])
        off = exponent - wanted if tensor.part == "weight" else off
        draw = Random(f"{seed} {tensor.name}")
        left = prod(tensor.dims)
        while left:
            count = min(left, CHUNK)
            kept, put = _masks(dtype, exponent, count)
            yield (draw.getrandbits(BITS[dtype] * count) & kept | put).to_bytes(BITS[dtype] // 8 * count, "little")
            left -= count

    return fill


@cache
def _masks(dtype: str, exponent: int, count: int) -> tuple[int, int]:
    """Sign and fraction of so many numbers side by side, and their exponents."""
    (fraction, bias), width = FRACTION[dtype], BITS[dtype] // 8
    kept = 1 << (8 * width - 1) | (1 << fraction) - 1
    return tuple([int.from_bytes(one.to_bytes(width, "little") * count, "little")
                  for one in (kept, bias + exponent << fraction)])  # type: ignore[return-value]  # they are two  # fmt: skip


def ones(tensor: Tensor, dtype: str) -> Iterator[bytes]:
    """The number 1, everywhere."""
    fraction, bias = FRACTION[dtype]
    yield (bias << fraction).to_bytes(BITS[dtype] // 8, "little") * prod(tensor.dims)


def upper_half(bits: Any) -> Any:
    """The bits of a bf16 number of those of an fp32 number, rounded to even; of an array of them, too.

    >>> hex(upper_half(0x3F80_8000)), hex(upper_half(0x3F81_8000))
    ('0x3f80', '0x3f82')
    """
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def from_file(path: Path) -> Fill:
    """What an .npz file has under the names of the tensors; SpecError for one that it has not, or of other sizes."""
    arrays = _read(path)

    def fill(tensor: Tensor, dtype: str) -> Iterator[bytes]:
        import numpy as np

        array = arrays.get(tensor.name)
        if array is None:
            near = ", ".join(map(clip, [*arrays][:8])) or "nothing"
            raise SpecError(f"{clip(path.name)} has no {clip(tensor.name)!r}", f"it has {near}")
        if tuple(array.shape) != tensor.dims:
            raise SpecError(f"{tensor.name} is {array.shape} in {clip(path.name)}", f"it belongs to be {tensor.dims}")
        if dtype == "bf16":  # NumPy has none
            yield upper_half(np.ascontiguousarray(array, "<f4").view("<u4")).astype("<u2").tobytes()
        else:
            yield np.ascontiguousarray(array, f"<f{BITS[dtype] // 8}").tobytes()

    return fill


def _read(path: Path) -> Mapping[str, Any]:
    """The arrays of an .npz file, which is a zip of .npy files; none that would have to be unpacked as objects."""
    from zipfile import BadZipFile, ZipFile

    from numpy.lib.format import read_array

    hint = "one made by numpy.savez, or: --weights random, --weights ones"
    found = {}
    try:
        with ZipFile(path) as file:
            for name in file.namelist():
                with file.open(name) as one:
                    found[name.removesuffix(".npy")] = read_array(one, allow_pickle=False)
    except OSError as error:
        raise SpecError(f"{clip(str(path))} cannot be read: {error.strerror or error}", hint) from None
    except (BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError, zlib_error):
        raise SpecError(f"{clip(path.name)} is no .npz file of numbers", hint) from None
    return found
