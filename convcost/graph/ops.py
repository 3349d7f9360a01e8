"""The primitive operations and the graph they form: plain records, no rule about any of them."""

from collections.abc import Mapping
from typing import TypeVar, get_args

from ..spec.records import NamedTuple

Ints = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]
Shape = tuple[int, ...]  # (batch, channels, *spatial)


class Conv(NamedTuple):
    """An n-dimensional convolution, fields as in `torch.nn.Conv2d`; `padding` is (before, after) an axis.

    >>> Conv(64, 128, (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1)).groups
    1

    Transposed, `padding` is what is cropped from each side of the full output and `output_padding`
    what is added after it. Weights: (out_channels, in_channels / groups, *kernel_size); `shared` ones are those
    of an operation before it, which learns them.
    """

    in_channels: int
    out_channels: int
    kernel_size: Ints
    stride: Ints
    padding: Pads
    dilation: Ints
    groups: int = 1
    bias: bool = False
    padding_mode: str = "zeros"
    transposed: bool = False
    output_padding: Ints = ()
    shared: bool = False


class Linear(NamedTuple):
    """A matrix product over the channels, at every position: `torch.nn.Linear`. Weights: (out, in), or `shared`."""

    in_features: int
    out_features: int
    bias: bool = False
    shared: bool = False


class Add(NamedTuple):
    """The sum of two inputs of one shape, element by element."""


class Multiply(NamedTuple):
    """The first input times the second, which is 1 on the axes on which it is repeated (squeeze-and-excitation)."""


class Concat(NamedTuple):
    """The inputs behind one another along the channels."""


class Split(NamedTuple):
    """Channels `start` to `stop` of the input, without copying them."""

    start: int
    stop: int


class Shuffle(NamedTuple):
    """Channels interleaved across `groups` (ShuffleNet): a copy."""

    groups: int


class Flatten(NamedTuple):
    """All axes but the batch as one, without copying."""


class Activation(NamedTuple):
    """A function without parameters, applied to each element."""

    kind: str


class BatchNorm(NamedTuple):
    """Batch normalisation at inference: one learned scale and one learned shift a channel."""

    channels: int


class LayerNorm(NamedTuple):
    """Layer normalisation over the channels of each position, with a learned scale and shift a channel."""

    channels: int


class Scale(NamedTuple):
    """One learned factor a channel; of `prelu` it is that of negative numbers alone."""

    channels: int
    kind: str = "scale"


class Norm(NamedTuple):
    """A normalisation at inference by statistics of the input itself, or its softmax.

    `kind`: "group-norm" over space and the channels of each group, "instance-norm" over space in each channel,
    "rms-norm" and "softmax" over the channels of each position. `affine`: a learned scale and, but for
    "rms-norm", a learned shift a channel.
    """

    kind: str
    channels: int
    groups: int = 1
    affine: bool = True


class Pool(NamedTuple):
    """The maximum or the mean (`kind`: "max", "avg") of each window, fields as in `torch.nn.MaxPool2d`.

    `dilation` is 1 where there is none.
    """

    kind: str
    kernel_size: Ints
    stride: Ints
    padding: Pads
    ceil_mode: bool = False
    dilation: Ints = ()


class AdaptivePool(NamedTuple):
    """The mean or maximum over as many windows as `output_size` says; 1 is global pooling."""

    kind: str
    output_size: Ints


class Upsample(NamedTuple):
    """Each axis `factor` times as long: "nearest" copies, "bilinear" weighs the two nearest an axis.

    As PyTorch's Upsample with align_corners=False; "bilinear" of any number of axes.
    """

    kind: str
    factor: Ints


class PixelShuffle(NamedTuple):
    """Groups of channels as blocks of `factor` positions (Shi et al. 2016, ESPCN): a copy."""

    factor: Ints


class Pad(NamedTuple):
    """Positions put before and after each axis, or, where a number is negative, taken away; a copy."""

    padding: Pads
    mode: str = "zeros"


class Attention(NamedTuple):
    """Scaled dot-product attention of every position to every other (Vaswani et al. 2017): it learns nothing.

    Reads queries, keys and values of all heads behind one another along the channels, 3 * `channels`.
    """

    heads: int
    channels: int


class Tokens(NamedTuple):
    """All positions in a row behind some `learned` ones, and to each a vector added that is learned, too.

    So Dosovitskiy et al. 2020, section 3.1, begin. `positions` are how many there are then.
    """

    learned: int
    channels: int
    positions: int


class Counted(NamedTuple):
    """An operation that is none of the above, its cost counted where its definition is known (ONNX has 200 of them).

    >>> Counted("softmax", (1, 1000), elementwise=5000, in_place=True).macs
    0

    The output has any shape, also none or one axis; costs are those of one run, of which there are
    `times` (a loop's body), with the same params. `moved` is the numbers read and written, None
    where it is all inputs, params and the output; `conv_activations` what its products put out, None where
    that is the output. A `view` shows its first input; `in_place` it may write over that. What reads nothing
    is another input of the graph. Where it is not `sized`, what comes out is not known and its shape says nothing;
    where it is not `known`, nothing but its params is.
    """

    kind: str
    output_shape: Shape
    params: int = 0
    macs: int = 0
    effective_macs: int = 0
    elementwise: int = 0
    moved: int | None = None
    view: bool = False
    in_place: bool = False
    times: int = 1
    conv_activations: int | None = None
    sized: bool = True
    known: bool = True


Op = (
    Conv | Linear | Add | Multiply | Concat | Split | Shuffle | Flatten
    | Activation | BatchNorm | LayerNorm | Scale | Norm | Pool | AdaptivePool
    | Upsample | PixelShuffle | Pad | Attention | Tokens | Counted
)  # fmt: skip


Rule = TypeVar("Rule")


class ByOp(dict[type, Rule]):
    """A table with one rule for every operation there is; one that leaves an operation out cannot be made.

    >>> ByOp(dict.fromkeys((Conv, Linear), "products"), {Add: "a sum"})
    Traceback (most recent call last):
    TypeError: no rule for Multiply, Concat, Split, Shuffle, Flatten, Activation, BatchNorm, LayerNorm, Scale, Norm, \
Pool, AdaptivePool, Upsample, PixelShuffle, Pad, Attention, Tokens, Counted

    Made where it is written, at import: an operation that is new is an error in each table that does not know it,
    and never does nothing in silence. TypeError too for what is no operation, and for two rules for one.
    """

    def __init__(self, *parts: Mapping[type, Rule]) -> None:
        kinds, given = get_args(Op), [kind for part in parts for kind in part]
        super().__init__({kind: rule for part in parts for kind, rule in part.items()})
        wrong = {
            "no rule for": [kind for kind in kinds if kind not in self],
            "no operation:": [kind for kind in self if kind not in kinds],
            "two rules for": [kind for kind in self if given.count(kind) > 1],
        }
        for what, found in wrong.items():
            if found:
                raise TypeError(f"{what} {', '.join([kind.__name__ for kind in found])}")


class Node(NamedTuple):
    """One operation in a graph; `inputs` are value numbers."""

    name: str
    op: Op
    inputs: Ints


class Graph(NamedTuple):
    """Operations in execution order: value 0 is the input, node i makes value i + 1, the last is the output.

    The types of all tensors follow from `dtype` (see `dtypes`), unless a file says each of them: `value_types` of
    every value, the input first; `weight_types` of every node, for each tensor that it learns its type and how many
    numbers it has.
    """

    input_shape: Shape
    dtype: str
    nodes: tuple[Node, ...]
    value_types: tuple[str, ...] | None = None
    weight_types: tuple[tuple[tuple[str, int], ...], ...] | None = None
