"""The networks that come with the program, and networks by name, file or text."""

from functools import cache
from pathlib import Path

from ..spec.errors import SpecError, clip
from .errors import NetworkError
from .foreign import network_file, refuse_foreign
from .lines import Program
from .program import named_program, read_program

FOLDER = Path(__file__).with_name("zoo")


def zoo_names() -> list[str]:
    """Every built-in network, numbers in their order.

    >>> "resnet50" in zoo_names()
    True
    """
    return sorted([*[path.stem for path in FOLDER.glob("*.txt")], *_others()], key=_by_number)


@cache
def _others() -> dict[str, str]:
    """Names that files have beside their own: `also NAME …` lines, each with the name of its file."""
    found = {}
    for path in FOLDER.glob("*.txt"):
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("also "):
                found[line.split()[1]] = path.stem
    return found


def _by_number(name: str) -> list[tuple[int, str]]:
    parts = "".join([c if c.isdigit() else f" {c} " for c in name]).split()
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def siblings_of(name: str) -> list[str]:
    """Other forms of a built-in network: one name is the other with a part behind it.

    >>> siblings_of("resnet50"), siblings_of("googlenet-paper")
    (['resnet50-v1'], ['googlenet'])
    """
    return [one for one in zoo_names() if one.startswith(f"{name}-") or name.startswith(f"{one}-")]


def zoo_program(name: str) -> Program:
    """A built-in network's file, read."""
    file = _others().get(name, name)
    program = read_program((FOLDER / f"{file}.txt").read_text("utf-8"), file)
    return program if file == name else named_program(program, name) or program


def zoo_text(name: str) -> str:
    """The text of a built-in network's file; of a file's other name, with the multipliers and the size that it has.

    >>> [line for line in zoo_text("efficientnet-b3").splitlines() if line.startswith(("input", "width", "depth"))]
    ['input 3 @300', 'width 1.2', 'depth 1.4']
    """
    file = _others().get(name, name)
    text = (FOLDER / f"{file}.txt").read_text("utf-8")
    if file == name:
        return text
    program = zoo_program(name)
    own = {"input": " ".join(program.input.words)}
    own |= {key: f"{key} {value}" for key, value in program.multipliers.items()}
    lines = [line for line in text.splitlines() if not line.startswith("also ")]
    return "\n".join([own.get(line.split(" ")[0], line) for line in lines]) + "\n"


def zoo_name(word: str) -> str | None:
    """The built-in network that `word` names, hyphens, dots and capitals aside.

    >>> zoo_name("UNet"), zoo_name("efficientnet_b3"), zoo_name("resnet50.txt")
    ('u-net', 'efficientnet-b3', None)
    """
    if "/" not in word and (FOLDER / f"{word}.txt").is_file():
        return word
    wanted = _compact(word)
    return next((name for name in zoo_names() if _compact(name) == wanted), None)


def _compact(name: str) -> str:
    return name.lower().translate({ord(sign): None for sign in "-_. "})


def find_program(name: str, standard_input: str | None = None) -> Program:
    """The network of that name: built in, or the file of that path; `-` is what came on standard input.

    Raises SpecError for a name that is neither, with the nearest one.
    """
    if standard_input is not None:
        return read_program(standard_input, "standard input")
    path = Path(name)
    try:
        plain = name.isprintable() and "/" not in name
        if plain and (FOLDER / f"{name}.txt").is_file():
            return zoo_program(name)
        if path.is_file():
            refuse_foreign(name)
            return read_program(network_file(path), name)
        if name and path.is_dir():
            hint = "name a file in it, or a built-in network, which 'convcost zoo' lists"
            raise SpecError(f"{clip(name)} is a directory", hint, name)
        known = zoo_name(name) if plain else None
        if known is not None:
            return zoo_program(known)
    except (OSError, ValueError) as error:
        if isinstance(error, SpecError):
            raise
        why = getattr(error, "strerror", None) or "no file can have that name"
        raise NetworkError(f"cannot be read: {why}", "", "", (0, 0), name, 0) from None
    raise unknown_network(name)


def unknown_network(name: str) -> SpecError:
    """The error for a name that is no network, with the nearest one."""
    from difflib import get_close_matches

    near = get_close_matches(name, zoo_names(), cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "'convcost zoo' lists the networks; a path names a file"
    shown = name if len(name) <= 40 else name[:39] + "…"
    return SpecError(f"there is no network and no file {shown!r}", hint, name)
