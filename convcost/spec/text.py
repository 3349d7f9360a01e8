"""The notation of tokens, a line of it -> LayerSpec; and where in a line a mistake is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .check import build_spec
from .errors import Missing, Problem, Span, SpecError, clip, end_of
from .fields import FIELDS, Values, axes_disagree
from .layer import Ints, LayerSpec
from .tokens import read_token

_EXAMPLE = "write a layer such as 64:128 @56 k3"
_NOTHING: Values = {}


def read_tokens(line: str, otherwise: Values = _NOTHING) -> LayerSpec:
    """Read a line of tokens; `otherwise` holds for what it does not say.

    >>> read_tokens("64:128 k3 s2", {"input_size": 56}).input_size
    (56, 56)

    Raises SpecError, at the token that is wrong.
    """
    values: Values = {}
    try:
        axes = gather_tokens(line, values)
        if not values:
            raise SpecError("there is no layer: the line is empty", _EXAMPLE, line)
        if axes == 3:
            _refuse_an_image(line, values)
        return (
            build_spec({**otherwise, **values}, axes or axes_of(otherwise)) if otherwise else build_spec(values, axes)
        )
    except Problem as problem:
        raise locate(problem, line, values) from None


def join_words(words: Sequence[str]) -> str:
    r"""The words of a command line as one line of text; a comment in one of them ends where that word does.

    >>> join_words(["64:128", "@56", "k3"]), join_words(["Conv2d(3, 64, 7)  # stem", "@224"])
    ('64:128 @56 k3', 'Conv2d(3, 64, 7)  # stem\n@224')
    """
    *before, last = words or [""]
    return "".join([word + ("\n" if "#" in word or "//" in word else " ") for word in before]) + last


def axes_of(values: Values) -> int:
    """How many axes tokens named that have been gathered: 0 where none of them did."""
    size = values.get("input_size")
    return values.get("axes") or (len(size) if type(size) is tuple else 0)


def _refuse_an_image(line: str, values: Values) -> None:
    """Three sizes are three axes, unless one end is the number of channels and nothing else says three axes."""
    size: Ints | int | None = values.get("input_size")
    if type(size) is not tuple or len(size) != 3 or "channels" not in values:
        return
    channels = values["channels"][0]
    if channels not in (size[0], size[2]) or any(read_token(word)[2] for word in line.split() if word[0] not in "@i"):
        return
    image = size[1:] if size[0] == channels else size[:2]
    message = f"input_size {'x'.join(map(str, size))} may be an image with its {channels} channels, or three axes"
    raise Problem(message, f"write @{'x'.join(map(str, image))} for the image, or add 3d", "input_size")


def gather_tokens(line: str, values: Values, axes: int = 0) -> int:
    """Put what the tokens of `line` say into `values`, one field a token, and return how many axes they name.

    Raises Problem at the first token that is none, repeats a field or disagrees about the axes: as many fields
    are then in `values` as tokens stand before it.
    """
    of_size = 0  # the axes of the input's size; batch and channels may be two of them
    for word in line.split():
        try:
            field, value, named = read_token(word)
        except Problem as problem:
            from .mistakes import with_better_hint

            raise with_better_hint(problem, word, values) from None
        if field in values:
            raise _said_twice(line, values, field, word)
        if named:
            before = axes, of_size
            axes, of_size = (axes, named) if field == "input_size" else (named, of_size)
            if before[0] not in (0, axes) or (axes and of_size not in (0, axes, axes + 2)):
                raise axes_disagree(clip(word), named, before[0] or before[1])
        values[field] = value
    return axes or of_size


def locate(problem: Problem, line: str, values: Values, tokens: str = "") -> SpecError:
    """`problem` in its place: at its field's token; at the first unread token; or at the end, if a field is missing.

    `tokens` is `line` with everything but its tokens blanked, where there is more in it.
    """
    if isinstance(problem, Missing):
        token = FIELDS[problem.fields[0]].token
        elsewhere = ", or in=56x48 where the shell keeps @" if problem.fields[0] == "input_size" else ""
        return SpecError(problem.message, f"add {token}{elsewhere}", line, *end_of(line))
    return problem.at(line, _place(problem, list(spans(tokens or line)), list(values)))


def _place(problem: Problem, places: list[tuple[str, Span]], fields: list[str]) -> Span:
    if len(fields) < len(places):
        return places[len(fields)][1]
    for field in problem.fields:
        name = "channels" if field in ("in_channels", "out_channels") else field
        if name in fields:
            return places[fields.index(name)][1]
    return places[0][1][0], places[-1][1][1]


def spans(line: str) -> Iterator[tuple[str, Span]]:
    """Every token of `line` and where it stands."""
    end = 0
    for word in line.split():
        start = line.index(word, end)
        end = start + len(word)
        yield word, (start, end)


def _said_twice(line: str, values: Values, field: str, word: str) -> Problem:
    first = clip(line.split(None, len(values))[list(values).index(field)])
    name = "the number of axes" if field == "axes" else field
    if field == "channels" and first.isdigit() and word.isdigit():
        hint = f"write {first}:{clip(word)}"
    else:
        hint = ", or ".join(["keep one of them", *_meant_elsewhere(line, field, (first, clip(word)))])
    return Problem(f"{name} {'are' if field == 'channels' else 'is'} given twice: {first}, then {clip(word)}", hint)


def _meant_elsewhere(line: str, field: str, two: tuple[str, str]) -> list[str]:
    """What the larger of two tokens for one field may be where it is bare numbers: what nothing in the line says."""
    said = set(_fields(line))
    bare = [word for word in two if field in ("channels", "kernel_size") and word.replace("x", "").isdigit()]
    largest = max(bare, key=lambda word: max([int(number) for number in word.split("x")]), default="")
    found = [f"write @{largest} for the input size"] * bool(largest and "input_size" not in said)
    inner, _, outer = largest.partition("x")
    if "channels" not in said and outer.isdigit():
        found.insert(0, f"write {inner}:{outer} for the channels")
    return found


def _fields(line: str) -> Iterator[str]:
    """The field of every token of `line`; a word that is none has none."""
    for word in line.split():
        try:
            yield read_token(word)[0]
        except Problem:
            continue
