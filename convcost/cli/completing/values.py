"""What stands in the place of an option's value or an argument: names, spec tokens, files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Candidate(NamedTuple):
    """A word that may be typed, and what it means."""

    text: str
    help: str


class Values(NamedTuple):
    """What may stand in one place: names (`is_list`: several, comma-separated), spec tokens, files of some endings.

    `layers`: the convolutions of the network that the line names, which the script asks convcost for.

    `fields` are those that the spec tokens may set; all of them, if there are none. Where there are both names and
    spec tokens, names stand before the spec.
    """

    names: tuple[Candidate, ...] = ()
    is_list: bool = False
    is_spec: bool = False
    endings: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    layers: bool = False


#: Each shell, and the name under which its script is found in `completions/`.
SHELLS = {"bash": "convcost.bash", "zsh": "_convcost", "fish": "convcost.fish", "powershell": "convcost.ps1"}

#: Commands whose first argument is a network, and the option that names one: what `layers` are of.
OF_NETWORKS = ("swap", "network", "separate")
INSIDE = "--in"

#: Endings of network files.
NETWORK_ENDINGS = (".txt", ".onnx")

#: Endings of files with trained weights.
WEIGHT_ENDINGS = (".onnx", ".npy", ".npz", ".safetensors")


def values_of(param: Any) -> Values:
    """What the value of an option or argument may be: by its own choices, by its name, else by its metavar."""
    choices = getattr(param.type, "choices", None)
    if choices is not None:
        texts = [str(getattr(choice, "value", choice)) for choice in choices]
        return Values(tuple([Candidate(text, _meaning(text)) for text in texts]))
    return next((SOURCES[word]() for word in _called(param) if word in SOURCES), Values())


def _meaning(choice: str) -> str:
    """What a value of an option that is made from a list means: the formats say it."""
    from ...report.formats import FORMATS

    return FORMATS[choice].help.partition(";")[0].replace("\\", "") if choice in FORMATS else ""


def arguments_of(param: Any) -> tuple[Values, ...]:
    """What an argument may be, place by place; the last of them is repeated, if the argument is."""
    return (values_of(param), *[FOLLOWING[word]() for word in _called(param) if word in FOLLOWING])


def _called(param: Any) -> tuple[str, str]:
    """The name of an option or argument, and the first word of its metavar."""
    return param.name, (param.metavar or "-").split()[0].rstrip(".").lower()


def _spec() -> Values:
    return Values(is_spec=True)


def _variants() -> tuple[Candidate, ...]:
    from ...variants.registry import AS_GIVEN, all_variants

    given = Candidate(AS_GIVEN, "the layer as it is described")
    return (*[Candidate(v.name, v.summary) for v in all_variants().values()], given)


#: Where the fields stand that the columns of a command may be; those of all others are a layer's words.
FIELDS = {
    "network": ("networks", "NETWORK_FIELDS"), "swap": ("networks", "SWAP_FIELDS"), "zoo": ("networks", "ZOO_FIELDS"),
    "reconcile": ("reconciliation", "FIELDS"), "verify": ("evidence", "FIELDS"), "fit": ("fits", "FIT_FIELDS"),
    "sweep": ("sweeps", "SWEEP_FIELDS"), "budget": ("gate", "BUDGET_FIELDS"), "diff": ("gate", "DIFF_FIELDS"),
    "separate": ("separation", "FIELDS"), "time": ("timing", "FIELDS"), "device": ("timing", "DEVICE_FIELDS"),
}  # fmt: skip


def columns_for(command: str) -> Values:
    """The columns that the answers of a command can have, and `all`.

    >>> [name.text for name in columns_for("zoo").names]
    ['name', 'source', 'input', 'params', 'macs', 'all']
    """
    from importlib import import_module

    from ...report.columns import ALL, COLUMNS

    module, name = FIELDS.get(command, ("", ""))
    fields = getattr(import_module(f"convcost.report.{module}"), name) if module else _listed(command)
    headers = {key: " ".join(column.header.split()) for key, column in COLUMNS.items()}
    named = [Candidate(field, headers.get(field, field.replace("_", " ").replace(".", " "))) for field in fields]
    return Values((*named, Candidate(ALL, "every column")), is_list=True)


def _listed(command: str) -> tuple[str, ...]:
    """The columns of a list of what there is, or of layers."""
    from ...report.columns import COLUMNS
    from ...report.listings import TOPICS, VARIANTS

    heads = {"variants": VARIANTS.heads, "explain": TOPICS.heads}.get(command, ())
    return tuple([head.key for head in heads]) or tuple(COLUMNS)


def _networks() -> Values:
    return Values(_zoo(), endings=NETWORK_ENDINGS)


def _zoo() -> tuple[Candidate, ...]:
    from ...networks.zoo import zoo_names

    return tuple([Candidate(name, "built-in network") for name in zoo_names()])


def _replacements() -> Values:
    from ...networks.swap import replacements

    return Values(tuple([v for v in _variants() if v.text in replacements()]))


def _explained() -> Values:
    from ...explain.topics import topics

    summaries = dict(_variants())
    return Values(tuple([Candidate(name, summaries.get(name, "topic")) for name in topics()]))


def _conventions() -> Values:
    from ...conventions.answer import conventions

    # A name of two words would need quotes, which no shell puts round a candidate.
    named = [Candidate(one.name, f"says {one.calls_it}") for one in conventions() if " " not in one.name]
    return Values(tuple(dict.fromkeys(named)))


def _topics() -> Values:
    from ..topics import TOPICS

    return Values(tuple([Candidate(name, topic.summary) for name, topic in TOPICS.items()]))


def _shells() -> Values:
    return Values(tuple([Candidate(name, f"the script for {name}") for name in SHELLS]))


def _which() -> Values:
    from ...networks.swap import ASKABLE

    return Values(is_spec=True, fields=ASKABLE, layers=True)


def _conditions() -> Values:
    """The words that rows are asked for; what they are compared with is nobody's to guess."""
    from ...search.select import ROW_WORDS

    return Values(tuple([Candidate(word, "then <=, >= or =") for word in ROW_WORDS]))


def _outputs() -> Values:
    from ...report.formats import ENDINGS

    return Values(endings=tuple(ENDINGS))


def _weights() -> Values:
    from ...trained.arrays import FILTERS

    return Values(tuple([Candidate(name, "built-in filter") for name in FILTERS]), endings=WEIGHT_ENDINGS)


#: What follows the first word of an argument of that name, or of that metavar, if not the like.
FOLLOWING: dict[str, Callable[[], Values]] = {
    "words": lambda: _explained()._replace(is_spec=True),
    "network": lambda: Values(is_spec=True, fields=("input_size", "batch", "dtype")),
    "subject": lambda: Values(is_spec=True, fields=("input_size", "batch", "dtype")),
    "weights": lambda: Values(
        is_spec=True, fields=("input_size", "stride", "padding", "dilation", "groups", "batch", "bias", "dtype")
    ),
}

#: What an option or argument of that name, or of that metavar, takes.
SOURCES: dict[str, Callable[[], Values]] = {
    "spec": _spec,
    "what": lambda: Values(_zoo(), is_spec=True),
    "variants": lambda: Values((*_variants(), Candidate("all", "every variant")), is_list=True),
    "baseline": lambda: Values(_variants()),
    "variant": lambda: Values(_variants()),
    "to": _replacements,
    "which": _which,
    "condition": _conditions,
    "layer": lambda: Values(layers=True),
    "words": _explained,
    "network": _networks,
    "subject": _networks,
    "convention": _conventions,
    "topic": _topics,
    "shell": _shells,
    "output": _outputs,
    "target": _networks,
    "a": lambda: _networks()._replace(endings=(*NETWORK_ENDINGS, ".json")),
    "b": lambda: _networks()._replace(endings=(*NETWORK_ENDINGS, ".json")),
    "file": lambda: Values(endings=("",)),
    "weights": _weights,
}
