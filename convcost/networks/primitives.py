"""Lines that are one operation: pooling, matrix product, elementwise, and what moves channels about."""

from collections.abc import Callable
from math import prod
from typing import Any

from ..graph import ops
from ..graph.builder import same_upper
from ..spec.check import same_padding
from ..spec.errors import Problem, clip
from ..spec.fields import axes_disagree, check_axes
from ..spec.layer import ACTIVATIONS
from ..spec.records import NamedTuple
from ..spec.tokens import read_token

#: Operations in a row, each with what is put behind the line's name.
Several = tuple[tuple[str, ops.Op], ...]


class Primitive(NamedTuple):
    """How a line becomes an operation, or several: from its words behind the first, and its first input's shape."""

    make: Callable[[str, tuple[str, ...], ops.Shape], ops.Op | Several]
    inputs: ops.Ints = (1, 1)  # at least and at most


def make_primitive(name: str, words: tuple[str, ...], given: ops.Shape) -> Several:
    """The operations that a line writes, most often one.

    >>> make_primitive("max-pool", ("k3", "s2", "p1"), (1, 64, 112, 112))[0][1].kernel_size
    (3, 3)

    Raises Problem, its first field the number of the word that is wrong where there is one.
    """
    made = PRIMITIVES[name].make(name, words, given)
    return made if type(made) is tuple else (("", made),)  # type: ignore[return-value]  # an Op is no plain tuple


def _plain(op: ops.Op) -> Callable[[str, tuple[str, ...], ops.Shape], ops.Op]:
    def make(name: str, words: tuple[str, ...], _: ops.Shape) -> ops.Op:
        _no_more(name, words, 0)
        return op

    return make


def _by_channels(kind: Callable[[int], ops.Op]) -> Callable[[str, tuple[str, ...], ops.Shape], ops.Op]:
    def make(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
        _no_more(name, words, 0)
        return kind(given[1])

    return make


def _no_more(name: str, words: tuple[str, ...], most: int) -> None:
    if len(words) > most:
        raise Problem(f"{name} does not take {clip(words[most])!r}", "leave it out", f"{most}")


def _linear(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
    features = _numbers(name, words, 1, "linear 1000")[0]
    for number, word in enumerate(words[1:], 1):
        if word not in ("bias", "each"):
            raise Problem(f"linear does not take {clip(word)!r}", "it takes its outputs, bias and each", str(number))
    if "each" not in words and any(n != 1 for n in given[2:]):
        size = "x".join(map(str, given[2:]))
        hint = f"write flatten before it, or for each position: linear {features} each"
        raise Problem(f"linear gets a {size} input", hint, "0")
    return ops.Linear(given[1], features, "bias" in words)


def _pool(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
    axes = len(given) - 2
    values = _window(name, words, axes)
    if "kernel_size" not in values:
        raise Problem("kernel_size is missing", f"add k3; over everything it is global-{_kind(name)}-pool")
    kernel = _every(values["kernel_size"], axes)
    stride, dilation = _every(values.get("stride", kernel), axes), _every(values.get("dilation", 1), axes)
    padding = values.get("padding", (0, 0))
    if padding == "same-upper":
        pads = same_upper(given[2:], kernel, stride, dilation)
    else:
        pads = _pads(padding, kernel, dilation)
    return ops.Pool(_kind(name), kernel, stride, pads, "ceil" in words, dilation if set(dilation) != {1} else ())


def _window(name: str, words: tuple[str, ...], axes: int) -> dict[str, Any]:
    """The fields that the words of a pooling set, each at most once."""
    values: dict[str, Any] = {}
    for number, word in enumerate(words):
        if word == "ceil":
            continue
        try:
            field, value, named = read_token(word)
            if named and named != axes:
                raise axes_disagree(clip(word), named, axes)
        except Problem as problem:
            from ..spec.mistakes import with_better_hint

            better = with_better_hint(problem, word, values)
            raise Problem(better.message, better.hint, str(number)) from None
        if field not in ("kernel_size", "stride", "padding", "dilation") or field in values:
            hint = "it takes a kernel, a stride, a padding, a dilation and ceil, each once: k3 s2 p1 d2 ceil"
            raise Problem(f"{name} does not take {clip(word)!r}", hint, str(number))
        values[field] = value
    return values


def _pads(padding: Any, kernel: ops.Ints, dilation: ops.Ints) -> ops.Pads:
    if padding == "same":
        return same_padding(kernel, dilation)
    if padding == "valid":
        padding = (0, 0)
    pads = _every_pair(padding, len(kernel))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    if any(max(pair) >= span for pair, span in zip(pads, spans)):
        hint = "a window that sees only padding has no maximum"
        raise Problem("the padding is as wide as the window", hint)
    return pads


def _every_pair(padding: Any, axes: int) -> ops.Pads:
    return (padding,) * axes if type(padding[0]) is int else padding


def _every(value: int | ops.Ints, axes: int) -> ops.Ints:
    return (value,) * axes if type(value) is int else value  # type: ignore[return-value]  # sizes are either


def _global_pool(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
    _no_more(name, words, 0)
    return ops.AdaptivePool(_kind(name), (1,) * (len(given) - 2))


def _adaptive_pool(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
    _no_more(name, words, 1)
    axes = len(given) - 2
    sizes = tuple([_number(part) for part in words[0].split("x")]) if words else ()
    if len(sizes) not in (1, axes) or 0 in sizes:
        raise Problem(f"{name} needs an output size", f"such as: {name} 7", "0")
    check_axes("input_size", axes)
    return ops.AdaptivePool(_kind(name), sizes * axes if len(sizes) == 1 else sizes)


def _kind(name: str) -> str:
    return "max" if "max" in name else "avg"


def _numbers(name: str, words: tuple[str, ...], count: int, example: str) -> ops.Ints:
    values = tuple([_number(word) for word in words[:count]])
    if len(values) < count or -1 in values:
        raise Problem(f"{name} needs {count} number{'s' * (count > 1)}", f"such as: {example}", "0")
    if name == "linear" and not values[0]:
        raise Problem("linear needs at least one output", f"such as: {example}", "0")
    return values


def _number(word: str) -> int:
    return int(word) if word.isdigit() and word.isascii() and len(word) <= 18 else -1


def _split(name: str, words: tuple[str, ...], _: ops.Shape) -> ops.Op:
    _no_more(name, words, 2)
    return ops.Split(*_numbers(name, words, 2, "split 0 58, channels 0 up to and without 58"))


def _upsample(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
    kinds = [word for word in words if word in ("nearest", "bilinear")]
    factor = _factor(name, tuple([word for word in words if word not in kinds]), given, "upsample 2 bilinear")
    _no_more(name, tuple(kinds), 1)
    return ops.Upsample(kinds[0] if kinds else "nearest", factor)


def _pixel_shuffle(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
    return ops.PixelShuffle(_factor(name, words, given, "pixel-shuffle 2"))


def _factor(name: str, words: tuple[str, ...], given: ops.Shape, example: str) -> ops.Ints:
    """How many times as long each axis becomes: one number, or one an axis."""
    _no_more(name, words, 1)
    axes = len(given) - 2
    factor = tuple([_number(part) for part in words[0].split("x")]) if words else ()
    if len(factor) not in (1, axes) or min(factor) < 1:
        raise Problem(f"{name} needs a factor", f"such as: {example}", "0")
    return factor * axes if len(factor) == 1 else factor


def _pad(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
    """`pad p1-0 mode=reflect`; what `crop` takes away is a padding below 0."""
    axes, values = len(given) - 2, dict[str, Any]()
    for number, word in enumerate(words):
        try:
            field, value, named = read_token(word)
            if named and named != axes:
                raise axes_disagree(clip(word), named, axes)
        except Problem as problem:
            raise Problem(problem.message, problem.hint, str(number)) from None
        known = (field == "padding" and type(value) is not str) or (field == "padding_mode" and name == "pad")
        if not known or field in values:
            raise Problem(f"{name} does not take {clip(word)!r}", f"such as: {name} p1, or p0-1x2-3", str(number))
        values[field] = value
    if "padding" not in values:
        raise Problem(f"{name} needs how much", f"such as: {name} p1, or {name} p0-1x2-3: before and after each axis")
    pads = _every_pair(values["padding"], axes)
    cut = tuple([(-before, -after) for before, after in pads])
    return ops.Pad(cut) if name == "crop" else ops.Pad(pads, values.get("padding_mode", "zeros"))


def _norm(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
    """`group-norm 8` and `rms-norm` learn, `instance-norm` only where it is `affine`, as in PyTorch."""
    if name == "group-norm":
        _no_more(name, words, 1)
        groups = _numbers(name, words, 1, "group-norm 8")[0]
        if groups < 1 or given[1] % groups:
            raise Problem(f"{groups} groups do not divide {given[1]} channels", "give a divisor", "0")
        return ops.Norm(name, given[1], groups)
    _no_more(name, tuple([word for word in words if word != "affine" or name != "instance-norm"]), 0)
    return ops.Norm(name, given[1], given[1] if name == "instance-norm" else 1, name == "rms-norm" or "affine" in words)


def _attend(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
    """Of queries, keys and values that are there."""
    _no_more(name, words, 1)
    heads = _numbers(name, words, 1, f"{name} 12")[0]
    if heads < 1 or given[1] % (3 * heads):
        hint = "its input has the queries, the keys and the values of all heads: 3 x heads x features"
        raise Problem(f"{heads} heads do not divide {given[1]} channels", hint, "0")
    return ops.Attention(heads, given[1] // 3)


def _attention(name: str, words: tuple[str, ...], given: ops.Shape) -> Several:
    """As PyTorch's MultiheadAttention of one input with itself: products before and after it, of all channels."""
    bias = "bias" in words
    heads = tuple([word for word in words if word != "bias"])
    _no_more(name, heads, 1)
    channels, number = given[1], _numbers(name, heads, 1, "attention 12 bias")[0]
    if number < 1 or channels % number:
        raise Problem(f"{number} heads do not divide {channels} channels", "give a divisor", "0")
    first, last = ops.Linear(channels, 3 * channels, bias), ops.Linear(channels, channels, bias)
    return (".qkv", first), (".attend", ops.Attention(number, channels)), (".project", last)


def _tokens(name: str, words: tuple[str, ...], given: ops.Shape) -> ops.Op:
    _no_more(name, words, 1)
    count = _numbers(name, words, 1, "tokens 1")[0]
    return ops.Tokens(count, given[1], count + prod(given[2:]))


def _shuffle(_: str, words: tuple[str, ...], __: ops.Shape) -> ops.Op:
    groups = _number(words[0][1:]) if len(words) == 1 and words[0][0] == "g" else 0
    if groups < 1:
        raise Problem("shuffle needs its groups", "such as: shuffle g2", "0")
    return ops.Shuffle(groups)


#: Every operation that a line can write, beside the variants and the file's own blocks.
PRIMITIVES: dict[str, Primitive] = {
    "linear": Primitive(_linear),
    "max-pool": Primitive(_pool),
    "avg-pool": Primitive(_pool),
    "global-average-pool": Primitive(_global_pool),
    "global-max-pool": Primitive(_global_pool),
    "adaptive-average-pool": Primitive(_adaptive_pool),
    "adaptive-max-pool": Primitive(_adaptive_pool),
    "flatten": Primitive(_plain(ops.Flatten())),
    "batch-norm": Primitive(_by_channels(ops.BatchNorm)),
    "layer-norm": Primitive(_by_channels(ops.LayerNorm)),
    "scale": Primitive(_by_channels(ops.Scale)),
    "prelu": Primitive(_by_channels(lambda channels: ops.Scale(channels, "prelu"))),
    **dict.fromkeys(("group-norm", "instance-norm", "rms-norm"), Primitive(_norm)),
    "softmax": Primitive(_by_channels(lambda channels: ops.Norm("softmax", channels, 1, False))),
    "upsample": Primitive(_upsample),
    "pixel-shuffle": Primitive(_pixel_shuffle),
    **dict.fromkeys(("pad", "crop"), Primitive(_pad)),
    "attention": Primitive(_attention),
    "attend": Primitive(_attend),
    "tokens": Primitive(_tokens),
    "add": Primitive(_plain(ops.Add()), (2, 2)),
    "multiply": Primitive(_plain(ops.Multiply()), (2, 2)),
    "concat": Primitive(_plain(ops.Concat()), (2, 1000)),
    "split": Primitive(_split),
    "shuffle": Primitive(_shuffle),
    **{name: Primitive(_plain(ops.Activation(name))) for name in ACTIVATIONS},
}
