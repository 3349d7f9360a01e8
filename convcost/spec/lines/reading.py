"""A line of a framework, with tokens or a shape beside it for what it does not say -> the layer it describes."""

from __future__ import annotations

from ..check import build_spec
from ..errors import Missing, Problem, Span, SpecError, clip
from ..fields import FIELDS, MAX_AXES, Values, axes_disagree, check_number
from ..layer import LayerSpec, Reading
from ..mistakes import with_better_hint
from ..text import axes_of, gather_tokens, locate, read_tokens, spans
from ..tokens import format_spec
from .arguments import read_arguments, read_value
from .around import Shape, around, shapes_in
from .choice import choose_framework
from .elsewhere import recognised
from .module import Draft

#: What a layer of a framework is described by: tokens and options beside it say the rest.
_DESCRIBED = (
    "channels", "in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias",
    "padding_mode", "transposed", "output_padding", "axes",
)  # fmt: skip


def read_line(line: str, otherwise: Values) -> Reading:
    """Read a layer as a framework constructs or prints it; `otherwise` says what nothing in the line does.

    >>> read_line("Conv2D(64, (3,3), strides=2, padding='same', input_shape=(224,224,3))", {}).spec.padding
    'same-upper'
    >>> spec = read_line("(conv1): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3)) @224 n4", {}).spec
    >>> spec.bias, spec.batch
    (True, 4)

    Raises SpecError, at the argument, the token or the shape that is wrong.
    """
    found = choose_framework(line, _products)
    if found is None:
        return Reading(_tokens_and_shape(line, otherwise))
    call, module = found
    draft = Draft(line, call, module)
    read_arguments(draft)
    tokens, shapes = around(line, call)
    extra = _read_around(draft, tokens, shapes)
    return _put_together(draft, tokens, extra, otherwise)


def _products(line: str) -> str:
    """The tokens of a line; an example where it is not one of a layer."""
    try:
        return format_spec(read_line(line, {}).spec)
    except SpecError:
        return "64 @56 k3 p1 bias"


def _tokens_and_shape(line: str, otherwise: Values) -> LayerSpec:
    """Tokens with a shape beside them, which has the channels in front as everything here."""
    tokens, shapes = shapes_in(line)
    if len(shapes) != 1 or None in shapes[0].sizes or not tokens.strip():
        place = line.index("(")
        raise recognised(line) or SpecError(
            "unexpected parenthesis", "sizes are joined with x, as in k1x7", line, place, place + 1
        )
    sizes = shapes[0].sizes
    _check_sizes(line, sizes, shapes[0].span)
    for before in (2, 1):  # batch and channels, or channels alone
        if before < len(sizes) <= before + MAX_AXES:
            batch = {"batch": sizes[0]} if before == 2 else {}
            try:
                spec = read_tokens(tokens, {**otherwise, "input_size": sizes[before:], **batch})
            except SpecError as error:
                error.text = line
                raise
            if sizes == (spec.batch, spec.in_channels, *spec.input_size)[2 - before :]:
                return spec
    hint = "write the size alone, as in @56x48"
    raise SpecError("the shape does not start with batch and in channels, or in channels", hint, line, *shapes[0].span)


def _read_around(draft: Draft, tokens: str, shapes: list[Shape]) -> Values:
    """What stands beside the call: tokens, one shape, and the in channels as `3:`."""
    extra: Values = {}
    alone = [(word, span) for word, span in spans(tokens) if word[-1] == ":" and word[:-1].isdigit() and word.isascii()]
    for place, (word, span) in enumerate(alone):
        if place:
            draft.fail("the in channels are given twice", "keep one of them", span)
        else:
            _take_channels(draft, read_value(draft, "in_channels", int(word[:-1][:20]), span), span)
            tokens = tokens[: span[0]] + " " * (span[1] - span[0]) + tokens[span[1] :]
    try:
        gather_tokens(tokens, extra, draft.axes)
    except Problem as problem:
        raise locate(problem, draft.line, extra, tokens) from None
    _refuse_repetition(draft, tokens, extra)
    for shape in shapes:
        if "shape" in draft.places:
            draft.fail("the shape is given twice", "keep one of them", shape.span)
        draft.values["shape"], draft.places["shape"] = shape.sizes, shape.span
    size = extra.get("input_size")
    if type(size) is tuple and len(size) == draft.axes + 2:  # @1x3x224x224
        draft.values["shape"], draft.places["shape"] = extra.pop("input_size"), draft.call.span
        draft.values["channels_first"] = True
    _read_shape(draft, extra)
    return extra


def _refuse_repetition(draft: Draft, tokens: str, extra: Values) -> None:
    for field, (word, span) in zip(extra, spans(tokens)):
        if field in _DESCRIBED or field in draft.places:
            hint = f"leave {clip(word)} out, or change what the parentheses say"
            if field == "channels" and "in_channels" not in draft.places:
                hint = f"the in channels alone are written {extra[field][0]}:"
            elif word.replace("x", "").isdigit() and "input_size" not in extra:
                hint = f"write @{clip(word)} for the input size"
            draft.fail(f"the {draft.module.framework.split()[0]} line already says {field}", hint, span)


def _take_channels(draft: Draft, channels: object, span: Span) -> None:
    known = draft.values.get("in_channels", channels)
    if known != channels:
        draft.fail(f"in_channels is {known} elsewhere in the line, and {channels} here", "keep one of them", span)
    draft.values["in_channels"] = channels
    draft.places.setdefault("in_channels", span)


def _read_shape(draft: Draft, extra: Values) -> None:
    """Take batch, channels and sizes out of the shape, as the framework lays them out; None is not known."""
    shape, axes = draft.values.pop("shape", None), draft.axes
    if shape is None:
        return
    span = draft.places.pop("shape")
    _check_sizes(draft.line, shape, span)
    if not axes <= len(shape) <= axes + 2:
        draft.fail(f"a shape of {len(shape)} sizes does not fit {axes} ax{'i' if axes == 1 else 'e'}s",
              f"write the {axes + 2} of {_layout(draft)}, or @ and the size", span)  # fmt: skip
    batch, inner = (shape[0], shape[1:]) if len(shape) == axes + 2 else (None, shape)
    if len(inner) > axes:
        channels, inner = _split(draft, inner, span)
        if channels is not None:
            _take_channels(draft, channels, span)
    if batch is not None:
        _agree(draft, extra, "batch", batch, span)
    if None not in inner:
        _agree(draft, extra, "input_size", tuple(inner), span)


def _check_sizes(line: str, sizes: tuple[int | None, ...], span: Span) -> None:
    try:
        for size in sizes:
            if size is not None:
                check_number("input_size", size)
    except Problem as problem:
        raise problem.at(line, span) from None


def _split(draft: Draft, inner: tuple[int | None, ...], span: Span) -> tuple[int | None, tuple[int | None, ...]]:
    """Channels and sizes; SpecError where the channels are at the other end."""
    first = draft.values.get("channels_first", not draft.module.channels_last)
    channels, sizes, other = (inner[0], inner[1:], inner[-1]) if first else (inner[-1], inner[:-1], inner[0])
    known = draft.values.get("in_channels")
    if None not in (channels, known) and channels != known and other == known:
        hint = f"write them as {_layout(draft)}, or @ and the size alone"
        draft.fail(f"the channels of {draft.module.framework} come {'first' if first else 'last'}", hint, span)
    return channels, sizes


def _layout(draft: Draft) -> str:
    first = draft.values.get("channels_first", not draft.module.channels_last)
    sizes = {1: "length", 2: "height, width", 3: "depth, height, width"}[draft.axes]
    return f"(batch, channels, {sizes})" if first else f"(batch, {sizes}, channels)"


def _agree(draft: Draft, extra: Values, field: str, value: object, span: Span) -> None:
    """Keep what the shape says, unless a token says otherwise."""
    said = extra.get(field, value)
    if said != value and said != (value[0] if type(value) is tuple and len(set(value)) == 1 else value):
        draft.fail(f"the shape and a token say two things of {field}", "keep one of them", span)
    draft.values[field], draft.places[field] = value, span
    extra.pop(field, None)


def _put_together(draft: Draft, tokens: str, extra: Values, otherwise: Values) -> Reading:
    """Turn the framework's words into ours, and build the layer."""
    module, values = draft.module, draft.values
    rest = {field: value for field, value in otherwise.items() if field not in _DESCRIBED}
    try:
        if values.get("in_channels") is None:
            raise Missing("in_channels")
        module.meaning(draft)
        values.pop("channels_first", None)
        if otherwise and "input_size" not in {**values, **extra} and axes_of(rest) not in (0, draft.axes):
            raise axes_disagree("the size for lines without one", axes_of(rest), draft.axes)
        spec = build_spec({**rest, **values, **extra}, draft.axes)
    except Problem as problem:
        raise _located(draft, problem, tokens, extra) from None
    return Reading(spec, module.variant, f"{module.framework} {draft.call.last_name}", tuple(draft.notes))


def _located(draft: Draft, problem: Problem, tokens: str, extra: Values) -> SpecError:
    if isinstance(problem, Missing):
        return _missing(draft, problem)
    field = next((name for name in problem.fields if name in draft.places or name in extra), "")
    if field in extra:
        return locate(problem, draft.line, extra, tokens)
    return with_better_hint(problem).at(draft.line, draft.places.get(field, draft.call.span))


def _missing(draft: Draft, problem: Missing) -> SpecError:
    """What the line does not say, and where it may stand."""
    located = locate(problem, draft.line, {})
    field, name = problem.fields[0], draft.call.last_name
    if field == "in_channels":
        shape = {1: "(100, 16)", 2: "(224, 224, 3)", 3: "(16, 112, 112, 3)"}[draft.axes]
        shown = f"input_shape={shape}" if draft.module.framework == "Keras" else "the shape of its input beside it"
        located.message = f"{draft.module.framework}'s {name} does not say its in channels"
        located.hint = f"add them, such as 3: for 3 channels, or {shown}"
    elif field == "input_size":
        located.hint = f"add {FIELDS[field].token}, or the shape {_layout(draft)} beside it"
    return SpecError(located.message, located.hint, located.text, located.start, located.end)
