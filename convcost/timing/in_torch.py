"""A graph in PyTorch, operation by operation, as eager mode runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ..graph import ops
from ..graph.shapes import pool_overhang
from .values import Case, last_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: PyTorch's words for how a border is filled.
MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}

#: Names of activations in `torch.nn.functional` where they are not ours.
FUNCTIONS = {"leaky-relu": "leaky_relu"}

#: Guard of norms against a variance of 0.
EPSILON = 1e-5


class At(NamedTuple):
    """One operation in PyTorch: the library, its functions, its record, its inputs, what it learned."""

    torch: Any
    f: Any
    op: Any
    x: list[Any]
    learned: dict[str, Any]

    @property
    def axes(self) -> int:
        return int(self.x[0].ndim) - 2

    def a_channel(self, part: str) -> Any:
        """What is learned of each channel, as wide as the input has axes."""
        return self.learned[part].reshape(-1, *[1] * self.axes)


def torch_run(torch: Any, case: Case) -> Callable[[], NDArray[Any]]:
    """A run of a case in PyTorch."""
    learned = [{part: torch.from_numpy(array.copy()) for part, array in each.items()} for each in case.learned]
    given, functions = torch.from_numpy(case.given), torch.nn.functional

    def apply(op: ops.Op, inputs: list[Any], own: dict[str, Any]) -> Any:
        return IN_TORCH[type(op)](At(torch, functions, op, inputs, own))

    def run() -> NDArray[Any]:
        with torch.inference_mode():
            made: NDArray[Any] = last_value(case.graph.nodes, given, learned, apply).numpy()
        return made

    return run


def _bordered(at: At, padding: tuple[tuple[int, int], ...], mode: str, value: float = 0.0) -> Any:
    flat = [n for pair in reversed(padding) for n in pair]
    more = [max(0, n) for n in flat]
    options = {"value": value} if mode == "zeros" else {}
    made = at.f.pad(at.x[0], more, MODES[mode], **options) if any(more) else at.x[0]
    return at.f.pad(made, [min(0, n) for n in flat]) if min(flat) < 0 else made


def _conv(at: At) -> Any:
    op, bias = at.op, at.learned.get("bias")
    name = f"conv{'_transpose' * op.transposed}{len(op.kernel_size)}d"
    convolve = getattr(at.f, name)
    if not op.transposed:
        even = op.padding_mode == "zeros" and all([before == after for before, after in op.padding])
        given = at.x[0] if even else _bordered(at, op.padding, op.padding_mode)
        pads = [before if even else 0 for before, _ in op.padding]
        return convolve(given, at.learned["weight"], bias, op.stride, pads, op.dilation, op.groups)
    made = convolve(at.x[0], at.learned["weight"], bias, op.stride, 0, 0, op.groups, op.dilation)
    extra = op.output_padding or (0,) * len(op.stride)
    for axis, ((before, after), more) in enumerate(zip(op.padding, extra), 2):
        length = made.shape[axis]
        if more > after:  # nothing lands there but the bias
            tail = at.torch.zeros((*made.shape[:axis], more - after, *made.shape[axis + 1 :]))
            tail = tail if bias is None else tail + bias.reshape(-1, *[1] * at.axes)
            made = at.torch.cat([made, tail], axis)
        made = made.narrow(axis, before, length - before - after + more)
    return made


def _activation(at: At) -> Any:
    if at.op.kind == "gelu":
        return at.f.gelu(at.x[0], approximate="tanh")
    return getattr(at.f, FUNCTIONS.get(at.op.kind, at.op.kind))(at.x[0])


def _layer_norm(at: At) -> Any:
    rows = at.x[0].movedim(1, -1)
    return at.f.layer_norm(rows, rows.shape[-1:], at.learned["weight"], at.learned["bias"], EPSILON).movedim(-1, 1)


def _norm(at: At) -> Any:
    op, given = at.op, at.x[0]
    if op.kind == "softmax":
        return at.f.softmax(given, 1)
    if op.kind == "rms-norm":
        made = given / (given.square().mean(1, keepdim=True) + EPSILON).sqrt()
        return made * at.a_channel("weight") if op.affine else made
    groups = op.channels if op.kind == "instance-norm" else op.groups
    return at.f.group_norm(given, groups, at.learned.get("weight"), at.learned.get("bias"), EPSILON)


def _scale(at: At) -> Any:
    given, factor = at.x[0], at.a_channel("weight")
    return at.torch.where(given < 0, given * factor, given) if at.op.kind == "prelu" else given * factor


def _pool(at: At) -> Any:
    """A border is made by hand: PyTorch takes no uneven one, and hangs over otherwise."""
    op, hanging = at.op, pool_overhang(at.op, tuple(at.x[0].shape[2:]))
    padding = tuple([(before, after + more) for (before, after), more in zip(op.padding, hanging)])
    given = _bordered(at, padding, "zeros", float("-inf") if op.kind == "max" else 0.0)
    name = f"{'max' if op.kind == 'max' else 'avg'}_pool{at.axes}d"
    options = {"dilation": op.dilation or 1} if op.kind == "max" else {}
    return getattr(at.f, name)(given, op.kernel_size, op.stride, **options)


def _adaptive_pool(at: At) -> Any:
    name = f"adaptive_{'max' if at.op.kind == 'max' else 'avg'}_pool{at.axes}d"
    return getattr(at.f, name)(at.x[0], at.op.output_size)


def _upsample(at: At) -> Any:
    modes = {1: "linear", 2: "bilinear", 3: "trilinear"}
    mode = "nearest" if at.op.kind == "nearest" else modes[at.axes]
    options = {} if mode == "nearest" else {"align_corners": False}
    return at.f.interpolate(at.x[0], scale_factor=[float(by) for by in at.op.factor], mode=mode, **options)


def _shuffle(at: At) -> Any:
    given = at.x[0]
    return given.unflatten(1, (at.op.groups, -1)).transpose(1, 2).flatten(1, 2)


def _pixel_shuffle(at: At) -> Any:
    given, factor, axes = at.x[0], at.op.factor, at.axes
    blocks = given.reshape(given.shape[0], -1, *factor, *given.shape[2:])
    pairs = [place for axis in range(axes) for place in (2 + axes + axis, 2 + axis)]
    sizes = [n * by for n, by in zip(given.shape[2:], factor)]
    return blocks.permute(0, 1, *pairs).reshape(given.shape[0], -1, *sizes)


def _attention(at: At) -> Any:
    given, op = at.x[0], at.op
    rows = given.reshape(given.shape[0], 3, op.heads, op.channels // op.heads, -1).transpose(-1, -2)
    made = at.f.scaled_dot_product_attention(rows[:, 0], rows[:, 1], rows[:, 2])
    return made.transpose(-1, -2).reshape(given.shape[0], op.channels, *given.shape[2:])


def _tokens(at: At) -> Any:
    row = at.x[0].flatten(2)
    if "tokens" in at.learned:
        first = at.learned["tokens"].T.expand(row.shape[0], -1, -1)
        row = at.torch.cat([first, row], 2)
    return row + at.learned["positions"].T


def _multiply(at: At) -> Any:
    given, gate = at.x
    return given * gate.reshape(*gate.shape, *[1] * (given.ndim - gate.ndim))


def _linear(at: At) -> Any:
    rows = at.x[0].movedim(1, -1)
    return at.f.linear(rows, at.learned["weight"], at.learned.get("bias")).movedim(-1, 1)


def _refused(at: At) -> Any:
    raise TypeError(f"how {at.op} is done is not known")


IN_TORCH: ops.ByOp[Callable[[At], Any]] = ops.ByOp({
    ops.Conv: _conv,
    ops.Linear: _linear,
    ops.Add: lambda at: at.x[0] + at.x[1],
    ops.Multiply: _multiply,
    ops.Concat: lambda at: at.torch.cat(at.x, 1),
    ops.Split: lambda at: at.x[0][:, at.op.start : at.op.stop],
    ops.Shuffle: _shuffle,
    ops.Flatten: lambda at: at.x[0].flatten(1),
    ops.Activation: _activation,
    ops.BatchNorm: lambda at: at.x[0] * at.a_channel("weight") + at.a_channel("bias"),
    ops.LayerNorm: _layer_norm,
    ops.Scale: _scale,
    ops.Norm: _norm,
    ops.Pool: _pool,
    ops.AdaptivePool: _adaptive_pool,
    ops.Upsample: _upsample,
    ops.PixelShuffle: _pixel_shuffle,
    ops.Pad: lambda at: _bordered(at, at.op.padding, at.op.mode),
    ops.Attention: _attention,
    ops.Tokens: _tokens,
    ops.Counted: _refused,
})  # fmt: skip
