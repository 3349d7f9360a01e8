"""Networks by name, whatever they are written in, and how each is made again for an input of another shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from ..graph.ops import Shape
from ..networks.build import Choices, Network, build_network
from ..networks.foreign import is_module_name, printed_text
from ..networks.zoo import find_program, zoo_names, zoo_program
from ..spec.errors import SpecError, clip
from ..spec.records import NamedTuple
from .network import NetworkAnswer, Rebuild, answer_network, not_rebuilt

#: Called with each thing that is worth knowing about a network and is no part of it.
Tell = Callable[[str], None]


class Asked(NamedTuple):
    """What is said beside the name: multipliers, batch, with BatchNorm or not, inputs of an ONNX file."""

    width: str = ""
    depth: str = ""
    batch: int | None = None
    norm: bool = True
    inputs: tuple[str, ...] = ()


class Opened(NamedTuple):
    """A network, and the same for an input of another shape."""

    network: Network
    rebuild: Rebuild


NOTHING = Asked()


@cache
def zoo_answer(name: str) -> NetworkAnswer:
    """A network that is built in, as it stands there, by analysis: once in a process.

    >>> zoo_answer("resnet50").total["params"]
    25557032
    """
    return answer_network(build_network(zoo_program(name)))


def zoo_answers() -> tuple[NetworkAnswer, ...]:
    """All of them."""
    return tuple(map(zoo_answer, zoo_names()))


def _untold(_: str) -> None:
    """Nobody wants to know."""


def find_network(
    name: object, tokens: str = "", asked: Asked = NOTHING, piped: str | None = None, tell: Tell = _untold
) -> Opened:
    """The network of that name or file, or a `torch.nn.Module`; `tokens` say something about its input.

    >>> find_network("resnet50", "@192").network.graph.input_shape
    (1, 3, 192, 192)

    `piped` is the text that came on standard input, whose name is -. Raises SpecError where there is no such network,
    or where something is said that it does not have.
    """
    tokens = " ".join([tokens, *([f"n{asked.batch}"] if asked.batch is not None else [])]).strip()
    if not isinstance(name, str):
        from ..networks.exported import module_network

        _no_multipliers(asked, "a module")
        return _told(*module_network(name, tokens), not_rebuilt, tell)
    if is_module_name(name):
        return _open_module(name, tokens, asked, tell)
    if is_onnx(name):
        _no_multipliers(asked._replace(norm=True), "an ONNX file")
        return Opened(read_model(tokens, name, list(asked.inputs)), not_rebuilt)
    if asked.inputs:
        first = asked.inputs[0]
        raise SpecError("--input is for ONNX files", "here the input is written @224 n8", first)
    if printed := printed_text(name, piped):
        from ..networks.printed import printed_network

        _no_multipliers(asked, "a printed model")
        found = printed_network(printed, tokens, "printed model" if name == "-" else name)
        return _told(found.network, found.notes, found.rebuild, tell)
    program, choices = (
        find_program(name, piped),
        Choices(tokens, asked.width or None, asked.norm, depth=asked.depth or None),
    )

    def rebuild(shape: Shape) -> Network:
        return build_network(program, choices._replace(reduced=shape))

    return Opened(build_network(program, choices), rebuild)


def _open_module(name: str, tokens: str, asked: Asked, tell: Tell) -> Opened:
    from ..networks.modules import check_source, import_network, parse_module_name

    _no_multipliers(asked, "a module")
    source = parse_module_name(name)
    check_source(source)
    if source.runs_a_file:
        tell(f"{source.place} is run, to get {source.attribute} from it")
    return _told(*import_network(name, tokens), not_rebuilt, tell)


def _told(network: Network, notes: tuple[str, ...], rebuild: Rebuild, tell: Tell) -> Opened:
    for note in notes:
        tell(f"{network.name}: {note}")
    return Opened(network, rebuild)


def _no_multipliers(asked: Asked, what: str) -> None:
    for name, text in (("width", asked.width), ("depth", asked.depth)):
        if text:
            raise SpecError(f"{what} has no {name} multiplier", f"leave --{name} out", text)
    if not asked.norm:
        raise SpecError(f"{what} keeps its BatchNorm", "leave --no-norm out")


def is_onnx(name: str) -> bool:
    """Is that the name of an ONNX file?"""
    return name.lower().endswith(".onnx")


def read_model(tokens: str, name: str, inputs: list[str]) -> Network:
    """The network in an ONNX file; `tokens` say the size of its one image, `inputs` the shapes of those that they name.

    Raises SpecError where both are said.
    """
    from ..graph.shapes import infer_shapes
    from ..networks.build import Network
    from ..networks.input import read_size
    from ..networks.onnx import read_onnx

    size, batch = read_size(tokens)
    if size is not None and inputs:
        raise SpecError("the input's size is given twice", "keep @SIZE or --input", tokens)
    shapes = dict([parse_input(text) for text in inputs])
    found = read_onnx(name, shapes, batch, size)
    unknown = tuple(found.unknown)
    return Network(found.name, "", found.graph, infer_shapes(found.graph), unknown, found.upper_bound,
                   found.params_complete, worked_out=found.worked_out)  # fmt: skip


def parse_input(text: str) -> tuple[str, Shape]:
    """An input's name and shape.

    >>> parse_input("data=1x3x224x224")
    ('data', (1, 3, 224, 224))
    """
    name, _, sizes = text.rpartition("=")
    numbers = sizes.lower().split("x")
    if not name or not all([n.isascii() and n.isdigit() and len(n) <= 18 for n in numbers]):
        raise SpecError(f"{clip(text)!r} is no input", "such as --input data=1x3x224x224", text)
    return name, tuple(map(int, numbers))
