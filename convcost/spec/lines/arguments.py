"""The arguments of a framework's layer -> values by our names, each with its place."""

from __future__ import annotations

from ..errors import Problem, Span, SpecError, clip
from ..fields import axes_disagree, read_object
from ..layer import ACTIVATIONS
from ..mistakes import close_match, with_better_hint
from .calls import NAME, NUMBER, Argument, Call, Word, evaluate
from .keras import RENAMED
from .module import NOTHING, Draft, Module

#: What frameworks call our activations, beyond capitals and underscores.
_ACTIVATIONS = {name.replace("-", ""): name for name in ACTIVATIONS} | {"swish": "silu", "hardswish": "hardswish"}

_DTYPES = {
    "float64": "fp64", "double": "fp64", "float32": "fp32", "float": "fp32", "float16": "fp16", "half": "fp16",
    "bfloat16": "bf16", "mixed_float16": "fp16", "mixed_bfloat16": "bf16", "int8": "int8", "uint8": "uint8",
    "int16": "int16",
}  # fmt: skip


def read_arguments(draft: Draft) -> None:
    """Put what the arguments say into the draft."""
    arguments = _without_annotations(draft.line, draft.call, draft.module)
    order, seen = draft.module.order, set[str]()
    for place, argument in enumerate(arguments):
        if not argument.name and place >= len(order):
            draft.fail(f"more than {len(order)} arguments", "leave out what is too much", argument.span)
        name = argument.name or order[place]
        if name not in draft.module.fields:
            draft.fail(f"unknown argument {clip(name)}", _argument_hint(name, draft), argument.name_span)
        if name in seen:
            draft.fail(f"{name} is given twice", "keep one of them", argument.name_span)
        seen.add(name)
        _take(draft, draft.module.fields[name], name, argument)
    _settle_axes(draft)
    for field in ("out_channels", "kernel_size", "in_channels"):
        if field in draft.module.fields.values() and field not in draft.places and _is_needed(draft, field):
            end = draft.call.end
            hint = f"add {draft.named(field)}=… inside the parentheses"
            draft.fail(f"{draft.named(field)} is missing", hint, (end - 1, end))


def _is_needed(draft: Draft, field: str) -> bool:
    """Must it be inside the parentheses? In channels that come first: yes, unless the layer is a lazy one."""
    return field != "in_channels" or draft.named(field) in draft.module.order


def _without_annotations(line: str, call: Call, module: Module) -> list[Argument]:
    """The arguments behind what ptflops, MMCV, calflops or DeepSpeed put in front: `9.41 k, 0.04% Params, …`."""
    first = 0
    for place, argument in enumerate(call.arguments):
        if argument.name:
            break
        if _is_annotation(argument):
            first = place + 1
    kept = call.arguments[first:]
    if "in_channels" in module.fields and "in_channels" not in module.order and _is_zero(line, kept):
        kept = kept[1:]  # what a lazy layer prints for channels it does not know
    return kept


def _is_annotation(argument: Argument) -> bool:
    pieces = argument.pieces
    if argument.name or pieces[0].kind != NUMBER or len(pieces) == 1:
        return False
    percent = pieces[1].text == "%" and (len(pieces) == 2 or pieces[2].kind == NAME)
    return percent or pieces[1].kind == NAME or not pieces[1].text.isascii()  # 9.41 k, 120 µs


def _is_zero(line: str, arguments: list[Argument]) -> bool:
    return bool(arguments) and not arguments[0].name and line[slice(*arguments[0].span)] in ("0", "None")


def _take(draft: Draft, ours: str, name: str, argument: Argument) -> None:
    """Evaluate one argument, and keep it under our name for it."""
    if ours in _LENIENT:
        _LENIENT[ours](draft, ours, argument)
        return
    value = evaluate(draft.line, argument.pieces)
    draft.places[ours] = argument.span
    if isinstance(value, Word) and ours not in ("padding", "padding_mode"):
        draft.fail(f"{name} is {clip(value)} here, a name", f"write its value instead: {name}=…", argument.span)
    if name == "bias_attr":
        value = value is not False
    if ours in ("padding", "input_dilation"):
        draft.values[ours] = value
        return
    draft.values[ours] = read_value(draft, ours, str(value) if isinstance(value, Word) else value, argument.span)


def read_value(draft: Draft, ours: str, value: object, span: Span) -> object:
    if value is None and ours in ("stride", "dilation", "groups"):
        return 1
    try:
        raw, named = read_object(ours, value)
    except Problem as problem:
        raise with_better_hint(problem).at(draft.line, span) from None
    if named and ours == "kernel_size" and not draft.axes:
        draft.axes = named
    if named and draft.axes and named != draft.axes:
        raise axes_disagree(ours, named, draft.axes).at(draft.line, span)
    return raw


def _settle_axes(draft: Draft) -> None:
    """A kernel that is one number has one axis where the layer's name does not say how many."""
    if not draft.axes:
        draft.axes = 1
    for field in ("stride", "dilation"):
        value = draft.values.get(field)
        if type(value) is tuple and len(value) != draft.axes:
            raise axes_disagree(field, len(value), draft.axes).at(draft.line, draft.places[field])


def _take_activation(draft: Draft, ours: str, argument: Argument) -> None:
    word = _word(draft, argument)
    known = _ACTIVATIONS.get(word.rpartition(".")[2].lower().replace("_", ""))
    if known:
        draft.values[ours] = known
    elif word not in ("None", "linear"):
        draft.notes.append(f"its activation {clip(word)} is left out")


def _take_dtype(draft: Draft, ours: str, argument: Argument) -> None:
    word = _word(draft, argument)
    known = _DTYPES.get(word.rpartition(".")[2].lower())
    if known:
        draft.values[ours], draft.places[ours] = known, argument.span
    elif word != "None":
        draft.notes.append(f"its dtype {clip(word)} is left out")


def _take_layout(draft: Draft, _: str, argument: Argument) -> None:
    word = _word(draft, argument).lower()
    if word not in ("None", "none"):
        draft.values["channels_first"] = "first" in word or word.startswith("nc")


def _take_shape(draft: Draft, ours: str, argument: Argument) -> None:
    try:
        value = evaluate(draft.line, argument.pieces)
    except SpecError:
        return
    if type(value) is list and len(value) == draft.axes + 1 + (ours == "batch_shape"):
        sizes = tuple([size if type(size) is int and size > 0 else None for size in value])
        draft.values["shape"], draft.places["shape"] = sizes, argument.span
    elif not isinstance(value, Word):
        wanted = f"{draft.axes} sizes and the channels" + " behind the batch" * (ours == "batch_shape")
        draft.fail(f"such an input has no place in {draft.call.last_name}", f"write {wanted}", argument.span)


def _pass_over(_draft: Draft, _ours: str, _argument: Argument) -> None:
    """It says nothing about costs."""


_LENIENT = {
    NOTHING: _pass_over, "activation": _take_activation, "dtype": _take_dtype, "layout": _take_layout,
    "shape": _take_shape, "batch_shape": _take_shape,
}  # fmt: skip


def _word(draft: Draft, argument: Argument) -> str:
    """What an argument says as one word, its quotes taken off."""
    return draft.line[slice(*argument.span)].strip("'\"")


def _argument_hint(name: str, draft: Draft) -> str:
    if draft.module.framework == "Keras" and name in RENAMED:
        return f"that was Keras 1; write {RENAMED[name]}"
    meant = close_match(name, draft.module.fields)
    return f"did you mean {meant}?" if meant else "the arguments are " + ", ".join(draft.module.order)
