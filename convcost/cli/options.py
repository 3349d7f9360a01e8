"""Options that several commands share, each described once, and the groups in which commands take them."""

import inspect
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TextIO, get_type_hints

import typer

from ..report.formats import FORMATS
from ..report.writers import Way
from ..spec.layer import ACTIVATIONS
from ..spec.records import NamedTuple

if TYPE_CHECKING:
    from ..answers.comparison import Verify
    from ..answers.network import VerifyNetwork
    from ..search.select import Selection

#: The notation of specs, for the foot of `--help`.
NOTATION = """
Spec, its tokens in any order: 64:128 channels (64 alone is 64:64), @56 or @56x48 input size, k3 or k1x7 kernel,
s2 stride, p1 padding (p0x3 an axis each, p0-1x2-3 before-after, psame, psame-upper, pvalid), d2 dilation, g32 groups,
bias (bias=last: one a block), n8 batch, t transposed, op1 output padding, 1d 3d, fp16 int8 int4 w8a16 … dtype,
mode=reflect padding mode;
for the variants: e6 expansion ratio, ratio=4 bottleneck ratio, m2 depth multiplier, mid=96 middle channels
(mid=48x64 into and out of the kxk), v1 stride on the first 1x1.
"""

Format: Any = StrEnum("Format", {name: name for name in FORMATS})  # type: ignore[misc]  # made from the list
Activation: Any = StrEnum("Activation", {name: name for name in ACTIVATIONS})  # type: ignore[misc]  # likewise

_SPEC = typer.Argument(
    metavar="SPEC...",
    show_default=False,
    help="One layer: tokens such as 64:128 @56 k3 s2, a line of PyTorch, Keras, Flax or Paddle, or JSON; "
    "- reads one a line from standard input, - @32 with that size where a line has none.",
)
Spec = Annotated[list[str], _SPEC]
OptionalSpec = Annotated[list[str] | None, _SPEC]
Variants = Annotated[
    str, typer.Option(metavar="LIST", show_default=False, help="These variants, comma-separated, or all.")
]
OfNetwork = Annotated[
    str,
    typer.Option("--network", metavar="NAME", show_default=False, help="This network; SPEC then says its input."),
]
Residual = Annotated[bool, typer.Option("--residual", help="A shortcut on every replacement.")]
Inside = Annotated[
    str, typer.Option("--in", metavar="NETWORK", show_default=False, help="A layer of this network, or ONNX file.")
]
InsideLayer = Annotated[
    str, typer.Option("--layer", metavar="NAME", show_default=False, help="Its name, as network --per-layer shows.")
]
Exact = Annotated[bool, typer.Option("--exact", help="Whole numbers in tables, digits in groups.")]
Convention = Annotated[
    str,
    typer.Option(
        metavar="NAME[@VERSION]",
        show_default=False,
        help="The figure of this tool beside ours; reconcile --list has them.",
    ),
]
VerifyLimit = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="MACS",
        show_default="4,000,000,000",
        help="Rows with more multiply-adds are executed at a reduced size.",
    ),
]
Inplace = Annotated[
    bool, typer.Option("--inplace/--no-inplace", help="Elementwise operations write over an input nobody needs.")
]


Where = Annotated[
    str, typer.Option("--where", metavar="CONDITION", show_default=False, help="Rows such as 'macs<=30M'.")
]
Front = Annotated[
    str, typer.Option("--front", metavar="WORDS", show_default=False, help="Rows that no other beats in these.")
]


class Modifiers(NamedTuple):
    """What follows every convolution of a layer."""

    norm: Annotated[bool, typer.Option("--norm", help="A BatchNorm after every convolution.")] = False
    activation: Annotated[
        Activation | None,
        typer.Option(
            "--activation",
            metavar="NAME",
            show_default=False,
            help=f"This after every convolution that has one: {', '.join(ACTIVATIONS)}.",
        ),
    ] = None


class Showing(NamedTuple):
    """What a table or CSV has of a layer."""

    per_op: Annotated[bool, typer.Option("--per-op", help="A line for each operation of each row.")] = False


Sort = Annotated[
    str, typer.Option("--sort", metavar="WORDS", show_default=False, help="Least first; max:macs: most first.")
]
Top = Annotated[int | None, typer.Option("--top", min=1, metavar="N", show_default=False, help="So many rows.")]


class Selecting(NamedTuple):
    """Which rows there are, and in which order."""

    where: Where = ""
    sort: Sort = ""
    top: Top = None

    def selection(self, known: Collection[str], numbers: Collection[str] = (), front: str = "") -> "Selection":
        """What is asked of rows that have the words `known`, of which `numbers` may make a front."""
        from ..search.select import read_selection

        return read_selection(self.where, self.sort, self.top, front, known, numbers)


class Destination(NamedTuple):
    """How an answer is written, and where."""

    format: Annotated[
        Format | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            show_default="table",
            help=f"How to write the answer: {', '.join(FORMATS)}.",
        ),
    ] = None
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", show_default=False, help="Write to this file; its ending says the format."
        ),
    ] = ""
    columns: Annotated[
        str,
        typer.Option(
            metavar="LIST", show_default=False, help="Columns of the table or CSV, comma-separated; all: every one."
        ),
    ] = ""
    plot: Annotated[bool, typer.Option("--plot", help="Draw it, too: bars of text, or a picture in a page.")] = False

    @property
    def asked(self) -> str:
        """The format that somebody asked for by its name; empty: none, and it is the file's, or a table."""
        return self.format.value if self.format else ""

    @property
    def written(self) -> Way:
        """The format in which the answer is written, and its columns."""
        from .names import column_names

        format = self.asked
        if self.output or self.plot:
            from .output import format_of, with_plot

            format = format_of(self.output, format) if self.output else format
            format = with_plot(format or "table") if self.plot else format
        return Way(format or "table", column_names(self.columns))

    @contextmanager
    def open(self) -> Iterator[tuple[TextIO, Way]]:
        """The file, whole or not at all, or standard output; and the format."""
        written = self.written
        if not self.output:
            yield sys.stdout, written
            return
        from .output import whole_file

        with whole_file(self.output) as file:
            yield file, written

    def open_text(self) -> AbstractContextManager[TextIO]:
        """The same for the text of a network."""
        from .output import text_destination

        return text_destination(self.output, self.asked)


class Execution(NamedTuple):
    """How answers are executed; NumPy is loaded only where they are."""

    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Execute every row and check it.")] = True
    verify_limit: VerifyLimit = None
    inplace: Inplace = True

    def of_rows(self) -> "Verify | None":
        """What executes the rows of layers, if they are to be executed."""
        if not self.verify:
            return None
        from ..checks.verifier import DEFAULT_LIMIT, Verifier

        return Verifier(DEFAULT_LIMIT if self.verify_limit is None else self.verify_limit)

    def of_networks(self) -> "VerifyNetwork | None":
        """What executes networks, if they are to be executed."""
        if not self.verify:
            return None
        from ..checks.networks import NetworkVerifier
        from ..checks.verifier import DEFAULT_LIMIT

        return NetworkVerifier(DEFAULT_LIMIT if self.verify_limit is None else self.verify_limit)


def expanded(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command as the option parser sees it: the options of each group in the place of its parameter.

    An option that the command has itself takes the place of the group's.

    >>> def shown(name: str, showing: Showing) -> str:
    ...     return f"{name} {showing.per_op}"
    >>> list(inspect.signature(expanded(shown)).parameters), expanded(shown)(name="a", per_op=True)
    (['name', 'per_op'], 'a True')
    """
    own, hints = inspect.signature(command).parameters, get_type_hints(command, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if hasattr(kind, "_fields")}
    parameters: list[inspect.Parameter] = []
    for parameter in own.values():
        kind: Any = groups.get(parameter.name)
        if kind is None:
            parameters.append(parameter.replace(annotation=hints[parameter.name], kind=parameter.KEYWORD_ONLY))
            continue
        fields = get_type_hints(kind, include_extras=True)
        parameters += [
            inspect.Parameter(name, parameter.KEYWORD_ONLY, default=kind._field_defaults[name], annotation=fields[name])
            for name in kind._fields
            if name not in own
        ]

    def run(**given: Any) -> Any:
        packed: dict[str, Any] = {}
        for name, kind in groups.items():
            packed[name] = kind(**{field: given.pop(field) for field in kind._fields if field not in own})
        return command(**given, **packed)

    run.__doc__ = command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect and typer read
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
