"""The layer that somebody described: every field normalised, nothing resolved twice."""

# No postponed annotations: NamedTuple would compile each of them from its text at every start, 1 ms in all.

from .records import NamedTuple

Ints = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]

#: Bits of a number in each dtype that has a name; `w8a16` and the like are integers of 8 bits for the weights and
#: of 16 for what operations put out (see `is_mixed`).
DTYPES = {
    "fp64": 64, "fp32": 32, "fp16": 16, "bf16": 16, "fp8": 8, "int16": 16, "int8": 8, "uint8": 8, "int4": 4,
    "binary": 1,
}  # fmt: skip

#: The most bits that either half of `wXaY` may have.
MOST_BITS = 32

#: The `bias` of a layer of which only the last convolution of a block has one.
LAST = "last"

#: Activations without parameters, under the names PyTorch and the papers use.
ACTIVATIONS = (
    "relu", "relu6", "leaky-relu", "elu", "selu", "gelu", "silu",
    "mish", "hardswish", "hardsigmoid", "sigmoid", "tanh",
)  # fmt: skip

#: How the border is filled: PyTorch's `padding_mode`.
PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class LayerSpec(NamedTuple):
    """One convolution layer and the settings of its alternatives.

    >>> LayerSpec(64, 128, (3, 3), (56, 48), padding=((1, 1), (1, 1))).axes
    2

    Sizes are `(length,)`, `(height, width)` or `(depth, height, width)`. `padding` is one
    `(before, after)` pair an axis, or `"same-upper"`, the one form that depends on the size of the
    input it meets and is therefore resolved where a convolution is placed. `bias` is True or False, or `LAST`: of a
    block only the last convolution has one, as Keras's SeparableConv2D does. The fields from
    `depth_multiplier` on shape the variants and leave the described convolution as it is; an
    `expansion_ratio` of None is each variant's own. `mid_channels` may be two numbers: what goes into
    the middle convolution and what comes out of it.
    """

    in_channels: int
    out_channels: int
    kernel_size: Ints
    input_size: Ints
    stride: Ints = (1, 1)
    padding: Pads | str = ((0, 0), (0, 0))
    dilation: Ints = (1, 1)
    groups: int = 1
    bias: bool | str = False
    padding_mode: str = "zeros"
    transposed: bool = False
    output_padding: Ints = (0, 0)
    batch: int = 1
    dtype: str = "fp32"
    depth_multiplier: int = 1
    expansion_ratio: int | None = None
    bottleneck_ratio: int = 4
    mid_channels: int | Ints | None = None
    v1: bool = False
    norm: bool = False
    activation: str | None = None
    residual: bool = False

    @property
    def axes(self) -> int:
        """How many spatial axes the layer has: 1, 2 or 3."""
        return len(self.kernel_size)

    @property
    def middles(self) -> Ints:
        """The middle channels that somebody gave: none, one number or two."""
        mid = self.mid_channels
        return () if mid is None else mid if type(mid) is tuple else (mid,)  # type: ignore[return-value]  # int or Ints

    @property
    def own_groups(self) -> int:
        """Groups of the described convolution; with `mid_channels` they belong to the bottleneck alone."""
        return 1 if self.mid_channels is not None else self.groups

    @property
    def is_plain(self) -> bool:
        """True for a standard convolution: neither grouped nor transposed."""
        return self.own_groups == 1 and not self.transposed


class Reading(NamedTuple):
    """What a line says: the layer, which variant of it the line names, whose notation it is, and what it leaves out.

    `source` is such as "Keras Conv2D", empty for our own notation; `notes` are sentences for whoever wrote the line.
    """

    spec: LayerSpec
    variant: str = "as-given"
    source: str = ""
    notes: tuple[str, ...] = ()


def is_mixed(word: str) -> bool:
    """Is `word` a dtype of the form `wXaY`, integers of X bits for weights and of Y bits for activations?

    >>> is_mixed("w4a16"), is_mixed("w8"), is_mixed("w08a8"), is_mixed("w33a8")
    (True, False, False, False)
    """
    weights, separator, activations = word[1:].partition("a")
    return word[:1] == "w" and separator == "a" and all(map(_is_width, (weights, activations)))


def _is_width(digits: str) -> bool:
    short = digits.isascii() and digits.isdigit() and len(digits) < 3
    return short and digits[0] != "0" and int(digits) <= MOST_BITS
