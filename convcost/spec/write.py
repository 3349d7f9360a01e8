"""LayerSpec -> the notations it can be read from."""

from __future__ import annotations

from .check import same_padding
from .errors import Problem
from .layer import Ints, LayerSpec, Pads
from .tokens import STARTS, WORDS

_FLAGS = [word for word, (_, value, _) in WORDS.items() if value is True]
_DEFAULTS = LayerSpec._field_defaults


def spec_to_json(spec: LayerSpec) -> dict[str, object]:
    """The normalised spec by JSON field name, in LayerSpec's order; `json.dumps` writes its tuples as lists.

    >>> from convcost.spec import parse_spec
    >>> list(spec_to_json(parse_spec("64:128 @56 k3 p0-1")).items())[2:6:3]
    [('kernel_size', (3, 3)), ('padding', ((0, 1), (0, 1)))]
    """
    return dict(zip(LayerSpec._fields, spec))


def format_spec(spec: LayerSpec) -> str:
    """The shortest tokens that say `spec`; `norm`, `activation` and `residual` have none and are left out.

    >>> from convcost.spec import parse_spec
    >>> format_spec(parse_spec("Conv2d(64, 128, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1)) @56x48"))
    '64:128 @56x48 k3 s2 bias'
    """
    same = spec.in_channels == spec.out_channels
    tokens = [str(spec.in_channels) if same else f"{spec.in_channels}:{spec.out_channels}"]
    for start, field in STARTS.items():
        value = _written(field, spec)
        if start != "in=" and value is not None:
            tokens.append(start + value)
    tokens += [word for word in _FLAGS if getattr(spec, WORDS[word][0])]
    if spec.axes == 1 or (spec.axes == 3 and not any("x" in token for token in tokens)):
        tokens.append(f"{spec.axes}d")
    return " ".join(tokens + [spec.dtype] * (spec.dtype != _DEFAULTS["dtype"]))


def _written(field: str, spec: LayerSpec) -> str | None:
    """What stands behind a field's start, or None where the field goes without saying."""
    value = getattr(spec, field)
    if field == "padding":
        return _written_padding(spec)
    if type(value) is tuple:
        default = _DEFAULTS.get(field)
        return None if default and set(value) == set(default) else _joined(list(map(str, value)))
    return None if value == _DEFAULTS.get(field) else str(value)


def _written_padding(spec: LayerSpec) -> str | None:
    if isinstance(spec.padding, str):
        return spec.padding
    zeros: Pads = ((0, 0),) * spec.axes
    if spec.padding == (zeros if spec.transposed else _same(spec.kernel_size, spec.dilation)):
        return None
    return _joined([f"{before}" if before == after else f"{before}-{after}" for before, after in spec.padding])


def _same(kernel_size: Ints, dilation: Ints) -> Pads | None:
    try:
        return same_padding(kernel_size, dilation)
    except Problem:  # so large that nobody can ask for it
        return None


def _joined(parts: list[str]) -> str:
    return parts[0] if len(set(parts)) == 1 else "x".join(parts)
