"""What goes into a network: shape, dtype and width, from the file and from the command line."""

from fractions import Fraction

from ..graph.ops import Shape
from ..spec.errors import Problem, SpecError
from ..spec.fields import Values, axes_disagree
from ..spec.records import NamedTuple
from ..spec.text import gather_tokens, locate, spans
from .errors import NetworkError
from .lines import Line, Program, place
from .numbers import Ratio, read_multiplier


class Choices(NamedTuple):
    """What the command line says about a network: input tokens over the file's, multipliers, BatchNorm or not."""

    tokens: str = ""
    width: str | Ratio | None = None
    norm: bool = True
    reduced: Shape = ()  # the whole input, whatever is said: how a smaller copy is built
    depth: str | None = None


def choose_multipliers(program: Program, choices: Choices) -> dict[str, Fraction | Ratio]:
    """Width and depth, as far as the file has them: the chosen ones, else the file's.

    Raises SpecError for one that is no multiplier, and for one that the file does not have.
    """
    asked = {"width": choices.width, "depth": choices.depth}
    chosen = {name: text for name, text in asked.items() if text is not None}
    for name, text in chosen.items():
        if name not in program.multipliers:
            said = str(text)
            raise SpecError(f"{program.file} has no {name} multiplier", f"leave --{name} out", said)
    return {
        name: text if isinstance(text, Ratio) else _multiplier(text, name)
        for name, text in {**program.multipliers, **chosen}.items()
    }


def _multiplier(text: str, name: str) -> Fraction:
    try:
        return read_multiplier(text, name)
    except Problem as problem:
        raise SpecError(problem.message, problem.hint, text) from None


def choose_input(program: Program, tokens: str) -> tuple[Shape, str]:
    """Shape and dtype: what `tokens` say, else what the file says.

    >>> from .program import read_program
    >>> choose_input(read_program("input 3 @224\\nrelu"), "@192x160 n8")
    ((8, 3, 192, 160), 'fp32')
    >>> choose_input(read_program("input @3x224x224\\nrelu"), "@8x3x192x160")
    ((8, 3, 192, 160), 'fp32')

    Raises SpecError: at the token, or in the file.
    """
    values, axes = _of_the_file(program)
    over: Values = {}
    try:
        gather_tokens(tokens, over)
        _check(over, ("input_size", "batch", "dtype"))
        _take_apart(over, axes, values.get("channels"))
        over.pop("channels", None)
    except Problem as problem:
        raise locate(problem, tokens, over) from None
    both = {**values, **over}
    if "channels" not in both or "input_size" not in both:
        raise program.error(program.input, Problem("the input needs channels and a size", "such as: input 3 @224"))
    size = both["input_size"]
    shape = (both.get("batch", 1), both["channels"][1], *((size,) * axes if type(size) is int else size))
    return shape, both.get("dtype", "fp32")


def _of_the_file(program: Program) -> tuple[Values, int]:
    """What the input line says, and over how many axes."""
    values: Values = {}
    try:
        axes = gather_tokens(" ".join(program.input.words[1:]), values) or 2
        _check(values, ("channels", "input_size", "batch", "dtype", "axes"))
        axes = _axes_of(values, axes)
        _take_apart(values, axes, values.get("channels"))
    except Problem as problem:
        raise located(program, program.input, problem, values) from None
    return values, axes


def _axes_of(values: Values, named: int) -> int:
    """How many axes an input line means: of three sizes the first may be the channels, unless it says 3d.

    Raises Problem where the last of them may be.
    """
    size, channels = values.get("input_size"), values.get("channels", (0, 0))[1]
    if type(size) is not tuple or len(size) != 3 or "axes" in values:
        return named
    if channels == size[2] != size[0]:
        image = "x".join(map(str, size[:2]))
        message = f"input_size may be an image with its {channels} channels behind it, or three axes"
        raise Problem(message, f"write @{image} for the image, or add 3d", "input_size")
    return 2 if channels in (0, size[0]) else 3


def _take_apart(values: Values, axes: int, channels: tuple[int, int] | None) -> None:
    """Take batch and channels out of a size that has them, CxHxW or NxCxHxW; Problem where the line says others."""
    size = values.get("input_size")
    if type(size) is not tuple or len(size) == axes:
        return
    front, spatial = size[: max(0, len(size) - axes)], size[-axes:]
    if len(front) not in (1, 2):
        raise axes_disagree("input_size", len(size), axes, "input_size")
    if channels and front[-1] != channels[1]:
        message = f"the channels in input_size are {front[-1]}, those of the input {channels[1]}"
        alone = size[len(front) - 1 : -1] if size[-1] == channels[1] else spatial
        raise Problem(message, f"write the size alone: @{'x'.join(map(str, alone))}", "input_size")
    if len(front) == 2 and values.setdefault("batch", front[0]) != front[0]:
        raise Problem(f"batch is {values['batch']}, and input_size starts with {front[0]}", "keep one", "input_size")
    values["input_size"] = spatial
    values.setdefault("channels", (front[-1], front[-1]))


def _check(values: Values, allowed: tuple[str, ...]) -> None:
    for field in values:
        if field not in allowed:
            hint = "an input has channels, which the file says, a size, a batch and a dtype: 3 @224 n8 fp16"
            raise Problem(f"{field.replace('channels', 'a number of channels')} does not belong here", hint, field)


def located(
    program: Program, line: Line, problem: Problem, values: Values, tokens: tuple[int, ...] = ()
) -> NetworkError:
    """`problem` at its token; `tokens` says which words are some, all but the first where it is left out."""
    text = line.text.split("#")[0]
    chosen = tokens or tuple(range(1, len(line.words)))
    blank = [" "] * len(text)
    places = [at for _, at in spans(text)]
    for number in chosen:
        start, end = places[line.skipped + number]
        blank[start:end] = text[start:end]
    found = locate(problem, text, values, "".join(blank)) if chosen else problem.at(text, place(line))
    return NetworkError(found.message, found.hint, text, (found.start, found.end), program.file, line.number)


def read_shape(tokens: str, channels: int | None, axes: int | None) -> tuple[Shape, str]:
    """Shape and dtype of an input that tokens alone say, of a model whose first layer takes so many channels and axes.

    >>> read_shape("@224 n8", 3, 2), read_shape("@3x56x48", None, None)
    (((8, 3, 224, 224), 'fp32'), ((1, 3, 56, 48), 'fp32'))

    `axes` is 0 where the input has features alone. Raises SpecError, at the token.
    """
    values: Values = {}
    try:
        gather_tokens(tokens, values)
        _check(values, ("channels", "input_size", "batch", "dtype", "axes"))
        if "input_size" not in values:
            usual = (channels or 3, *(224,) * (2 if axes is None else axes))
            raise Problem("the size of its input is not known", f"add it, such as @{'x'.join(map(str, usual))}")
        size = values["input_size"]
        given = (size,) if type(size) is int else tuple(size)
        known = values["channels"][0] if "channels" in values else channels
        shape = _with_channels(given, known, axes, "channels" in values)
    except Problem as problem:
        if not tokens.strip():
            raise SpecError(problem.message, problem.hint) from None
        raise locate(problem, tokens, values) from None
    return (values.get("batch", 1), *shape), values.get("dtype", "fp32")


def _with_channels(size: Shape, channels: int | None, axes: int | None, said: bool) -> Shape:
    """Channels and positions; a size of one axis more than the layer has starts with the channels."""
    if axes is None:
        return (channels, *size) if said and channels is not None else size
    if not axes or (len(size) == axes + 1 and not said):
        return size
    if len(size) not in (1, axes) or channels is None:
        example = "x".join(("C", *"DHW"[-axes:]))
        raise Problem(f"the first layer takes an input of {example}", f"write @{example} in numbers", "input_size")
    return (channels, *(size * axes if len(size) == 1 else size))


def read_size(tokens: str) -> tuple[Shape | int | None, int | None]:
    """Size and batch that tokens alone say, of a model that knows the rest.

    >>> read_size("@3x48x192 n8"), read_size("@224"), read_size("")
    (((3, 48, 192), 8), (224, None), (None, None))

    Raises SpecError, at the token.
    """
    values: Values = {}
    try:
        gather_tokens(tokens, values)
        _check(values, ("input_size", "batch"))
    except Problem as problem:
        raise locate(problem, tokens, values) from None
    return values.get("input_size"), values.get("batch")
