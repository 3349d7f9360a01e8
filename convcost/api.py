"""The commands as functions for scripts: they print nothing and give frozen records, whose table `print` shows.

>>> found = compare("64:128 @56 k3", where="macs<=30M", sort="params")
>>> [row.variant for row in found.rows]
['depthwise', 'grouped', 'pointwise', 'depthwise-separable']
>>> compare("64:128 @56 q3")
Traceback (most recent call last):
    ...
convcost.api.Error: unknown token 'q3'
  64:128 @56 q3
             ^^
  'convcost help spec' shows the notation

Every answer is a named tuple with `to_dict()`, which is what the command writes with --format json, and `to_pandas()`,
which is its rows as a data frame, where pandas is installed. Keywords are the options of the command; numbers may be
numbers. Whatever is wrong with what is asked raises `Error`, a ValueError, whose text is that of the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial, wraps
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from .answers import comparison
from .spec import LayerSpec, Reading, SpecError, format_spec, read_layer
from .spec.errors import unknown_name
from .spec.records import NamedTuple
from .variants.registry import ALL, DoesNotApply, own_names, row_names

if TYPE_CHECKING:
    from . import answers, conventions, gate, search, timing, trained
    from .answers.comparison import Verify
    from .answers.network import VerifyNetwork
    from .answers.opening import Opened
    from .checks.examination import Examined
    from .gate.targets import Ways

P = ParamSpec("P")
R = TypeVar("R")

#: A number as a number or as people write it: 0.5, 150_000_000, "150M".
Number = int | float | str


class Error(SpecError):
    """What is wrong with what was asked, where, and how to mend it: the text that the command prints.

    >>> try:
    ...     network("resnet51")
    ... except Error as error:
    ...     print(error.message, "|", error.hint)
    there is no network and no file 'resnet51' | did you mean resnet50?
    """

    def __init__(self, cause: SpecError) -> None:
        super().__init__(cause.message, cause.hint, cause.text, cause.start, cause.end)
        self._rendered = cause.render(width=100).removeprefix("error: ")

    def __str__(self) -> str:
        return self._rendered


def _asked(function: Callable[P, R]) -> Callable[P, R]:
    """The function, whose errors are all of one class."""

    @wraps(function)
    def asking(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Error:
            raise
        except SpecError as error:
            raise Error(error) from None
        except DoesNotApply as why:
            raise Error(SpecError(f"it does not apply: {why}")) from None
        except MemoryError as error:
            raise Error(SpecError(str(error) or "out of memory", "lower verify_limit")) from None

    return asking


class _Shown:
    """An answer that shows its table where it is printed and in a notebook, and gives its numbers to scripts."""

    __slots__ = ()

    def __str__(self) -> str:
        from .report.notebook import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from .report.notebook import as_html

        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """What the command writes with --format json, as `json.loads` gives it."""
        import json

        from .report.as_json import encode
        from .report.views import view_of

        found: dict[str, Any] = json.loads(encode(view_of(self).document))
        return found

    def to_pandas(self) -> Any:
        """The rows as a data frame: columns named as in CSV, whole numbers exact, also where some are missing.

        Raises Error without pandas.
        """
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise Error(SpecError("pandas is not installed", "pip install pandas")) from None
        from .report.views import records

        return pandas.DataFrame(records(self), dtype=object).convert_dtypes(convert_string=False)


#: The answers that are records of the rooms below, each loaded when a function gives it: its name, and its module.
ANSWERS = {
    "Comparison": "answers.comparison",
    "Layer": "answers.comparison",
    "NetworkAnswer": "answers.network",
    "SwapAnswer": "search.replacing",
    "Fit": "search.fit",
    "Sweep": "search.sweep",
    "Reconciliation": "conventions.answer",
    "Timed": "timing.answer",
    "Separation": "trained.answer",
    "BudgetAnswer": "gate.judging",
    "Difference": "gate.diff",
}

if TYPE_CHECKING:

    class Comparison(_Shown, answers.comparison.Comparison): ...

    class Layer(_Shown, answers.comparison.Layer): ...

    class NetworkAnswer(_Shown, answers.network.NetworkAnswer): ...

    class SwapAnswer(_Shown, search.replacing.SwapAnswer): ...

    class Fit(_Shown, search.fit.Fit): ...

    class Sweep(_Shown, search.sweep.Sweep): ...

    class Reconciliation(_Shown, conventions.answer.Reconciliation): ...

    class Timed(_Shown, timing.answer.Timed): ...

    class Separation(_Shown, trained.answer.Separation): ...

    class BudgetAnswer(_Shown, gate.judging.BudgetAnswer): ...

    class Difference(_Shown, gate.diff.Difference): ...


def __getattr__(name: str) -> Any:
    """A kind of answer: the record, with its table."""
    if name in ANSWERS:
        return _shown_kind(getattr(import_module(f".{ANSWERS[name]}", __package__), name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _shown_kind(kind: type) -> Any:
    return type(kind.__name__, (_Shown, kind), {"__slots__": (), "__module__": __name__, "__doc__": kind.__doc__})


def _shown(found: tuple[Any, ...]) -> Any:
    """An answer as scripts get it."""
    return _shown_kind(type(found))._make(found)


class _Evidence(NamedTuple):
    spec: LayerSpec
    rows: tuple[Examined, ...]


class Evidence(_Shown, _Evidence):
    """Every check of a layer's variants: `rows` has one Examined a variant, whose `checks` have both sides."""

    __slots__ = ()

    @property
    def ok(self) -> bool:
        """Does every check hold that applies?"""
        return all([row.ok for row in self.rows])


class _Zoo(NamedTuple):
    networks: tuple[answers.network.NetworkAnswer, ...]


class Zoo(_Shown, _Zoo):
    """The networks that are built in, each answered by analysis."""

    __slots__ = ()


class _Explanation(NamedTuple):
    document: dict[str, Any]
    text: str


class Explanation(_Explanation):
    """An explanation: `document` is what the command writes with --format json, `text` what it shows."""

    __slots__ = ()

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """The document, as `json.loads` gives it."""
        import json

        from .report.as_json import encode

        found: dict[str, Any] = json.loads(encode(self.document))
        return found

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.text)}</pre>"


@_asked
def compare(
    spec: str | LayerSpec = "",
    *,
    variants: str | Iterable[str] | None = None,
    baseline: str | None = None,
    network: object = None,
    layer: str = "",
    norm: bool = False,
    activation: str | None = None,
    residual: bool = False,
    where: str = "",
    sort: str = "",
    top: int | None = None,
    front: str | Iterable[str] = "",
    inplace: bool = True,
    verify: bool = True,
    verify_limit: int | None = None,
) -> Comparison:
    """The usual variants of a layer, or those named (`["all"]`: all), side by side, executed unless `verify` is false.

    >>> found = compare("64:128 @56 k3", variants=["standard", "depthwise-separable"])
    >>> [(row.variant, row.words["macs"], row.verified.status) for row in found.rows]
    [('standard', 231211008, 'verified'), ('depthwise-separable', 27496448, 'verified')]
    >>> compare(network="resnet50", layer="stage2.1.conv", verify=False).spec.stride
    (2, 2)

    `layer` is one of a `network`; `where`, `sort`, `top` and `front` choose rows as the command does. Raises Error for
    a spec, variant, baseline or condition that there is not.
    """
    names = _variants(variants)
    baseline = own_names([_known("baseline", baseline, row_names())])[0] if baseline is not None else None
    read = _read_of(spec, network, layer, norm, activation, residual)
    check = _verifier(verify, verify_limit)
    chosen = bool(where or sort or top is not None or front)
    found = comparison.compare_variants(read.spec, names, baseline, inplace=inplace, verify=None if chosen else check)
    if chosen:
        found = _chosen(found, where, sort, top, front, named=names is not None)
        found = comparison.execute_rows(found, check, inplace)
    return _shown(found._replace(source=read.source))


def _chosen(
    found: comparison.Comparison, where: str, sort: str, top: int | None, front: str | Iterable[str], *, named: bool
) -> comparison.Comparison:
    from .search.select import ROW_NUMBERS, ROW_WORDS, read_selection, select_rows

    words = front if isinstance(front, str) else ",".join(front)
    return select_rows(found, read_selection(where, sort, top, words, ROW_WORDS, ROW_NUMBERS), named=named)


@_asked
def layer(
    spec: str | LayerSpec = "",
    *,
    network: object = None,
    layer: str = "",
    norm: bool = False,
    activation: str | None = None,
    inplace: bool = True,
    verify: bool = True,
    verify_limit: int | None = None,
) -> Layer:
    """Exactly the layer described.

    >>> found = layer("Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False) @224")
    >>> found.row.words["params"], found.row.words["output_shape"]
    (9408, (1, 64, 112, 112))

    `layer` is one of a `network`, instead. Raises Error for what is no spec.
    """
    read = _read_of(spec, network, layer, norm, activation, False)
    row = comparison.answer(read.variant, read.spec, inplace, _verifier(verify, verify_limit))
    return _shown(comparison.Layer(read.spec, row, read.source))


@_asked
def network(
    name: object,
    size: str = "",
    *,
    width: Number | None = None,
    depth: Number | None = None,
    batch: int | None = None,
    norm: bool = True,
    inputs: Mapping[str, Iterable[int]] | None = None,
    inplace: bool = True,
    verify: bool = True,
    verify_limit: int | None = None,
) -> NetworkAnswer:
    """A whole network: a built-in one by name, or the path of a network or ONNX file; `size` is such as "@192 n8".

    >>> found = network("resnet50")
    >>> found.total["params"], found.total["macs"], found.verified.status
    (25557032, 4089184256, 'verified')
    >>> network("mobilenet-v1", width=0.5, verify=False).total["params"]
    1331592

    A `torch.nn.Module` is exported by its own torch and counted in evaluation mode: `network(module, "@3x224x224")`;
    so is one that a text names, such as "timm:resnet18"; a file may have what `print(module)` shows. `inputs` are the
    shapes of an ONNX file's inputs, by name. What is not counted is in `network.unknown` of the answer.

    Every distinct layer is executed, and the whole at a reduced input, unless `verify` is false. Raises Error for a
    network that there is not.
    """
    from .answers.network import answer_network

    opened = _opened(name, size, width, depth, batch, norm, inputs)
    check = _network_verifier(verify, verify_limit)
    return _shown(answer_network(opened.network, inplace, check, opened.rebuild))


@_asked
def swap(
    name: object,
    size: str = "",
    *,
    to: str,
    where: str = "k3",
    sort: str = "",
    top: int | None = None,
    width: Number | None = None,
    depth: Number | None = None,
    batch: int | None = None,
    norm: bool = True,
    inputs: Mapping[str, Iterable[int]] | None = None,
    inplace: bool = True,
    verify: bool = True,
    verify_limit: int | None = None,
) -> SwapAnswer:
    """A network with some of its convolutions replaced: `before`, `after`, and the names in `replaced`.

    >>> found = swap("resnet18", to="depthwise-separable", where="k3 stage4.*", verify=False)
    >>> len(found.replaced), found.before.total["params"], found.after.total["params"]
    (4, 11689512, 4369192)

    Nothing is replaced where `where` means nothing that `to` applies to: see `swapped.left`. Raises Error for a variant
    that replaces nothing, and for what `where` cannot ask.
    """
    from .networks.swap import replacements
    from .search.replacing import answer_swap

    variant = _known("variant", own_names([to])[0], replacements())
    opened = _opened(name, size, width, depth, batch, norm, inputs)
    check = _network_verifier(verify, verify_limit)
    return _shown(answer_swap(opened, variant, where, sort, top, inplace=inplace, verify=check))


@_asked
def verify(
    spec: str | LayerSpec,
    *,
    variants: str | Iterable[str] | None = None,
    norm: bool = False,
    activation: str | None = None,
    residual: bool = False,
    inplace: bool = True,
    verify_limit: int | None = None,
) -> Evidence:
    """The evidence: every variant of a layer executed in every way there is, check by check.

    >>> found = verify("8:16 @9 k3", variants=["grouped"])
    >>> found.ok, found.rows[0].checks["params"].expected, found.rows[0].checks["params"].measured
    (True, 144, 144)

    Raises Error for a spec or variant that there is not.
    """
    from .checks.examination import examine_all
    from .checks.verifier import DEFAULT_LIMIT

    read = _read(spec, norm, activation, residual)
    names = _variants(variants)
    limit = DEFAULT_LIMIT if verify_limit is None else verify_limit
    return Evidence(read.spec, tuple(examine_all(read.spec, names, limit, inplace=inplace)))


@_asked
def explain(
    *topics: str, spec: str | LayerSpec = "", full: bool = False, experiment: bool = False, measure: bool = False
) -> Explanation:
    """Why a variant costs what it costs: the reason, the formula, this layer's numbers, what is measured here.

    >>> found = explain("depthwise-separable", spec="64:128 @56 k3")
    >>> found.document["explanations"][0]["macs"]["ratio"]["numbers"]
    '1/128 + 1/9'

    Several topics are set side by side; `experiment` measures what residual connections do, in about 10 seconds, and
    `measure` times the variants in onnxruntime, in about 3. Raises Error for what is no topic, and where a topic does
    not exist for the layer.
    """
    from .explain.document import explanation_document
    from .explain.pages import text
    from .explain.sections import pages
    from .explain.topics import default_layer, names, read_words

    asked = read_words(list(topics))
    if asked.unknown is not None or asked.rest or not topics:
        raise unknown_name("topic", asked.unknown or " ".join(asked.rest), names())
    layer = read_layer(spec).spec if isinstance(spec, str) and spec else spec or default_layer(asked.topics)
    assert isinstance(layer, LayerSpec)
    if measure:
        from .explain.timed import check_timed, time_explained

        check_timed(asked.topics)
    measured = None
    if experiment:
        from .explain.experiments import run_experiments
        from .explain.measured import Settings

        measured = run_experiments(Settings(), lambda *_: None)
    document = explanation_document(asked.topics, layer, measured)
    if measure:
        for note in time_explained(document, layer, lambda _: None):
            _warn(note)
    shown = "\n".join([text(page) for page in pages(document, layer, bool(spec), full=full)])
    return Explanation(document, shown)


@overload
def zoo(name: None = None) -> Zoo: ...


@overload
def zoo(name: str) -> str: ...


@_asked
def zoo(name: str | None = None) -> Zoo | str:
    """The networks that are built in, by analysis; of one that is named, the text of its file.

    >>> zoo("resnet50").splitlines()[1]
    'input 3 @224'

    Raises Error for a name that is none of them.
    """
    from .answers.opening import zoo_answers
    from .networks.zoo import unknown_network, zoo_name, zoo_text

    if name is None:
        return Zoo(zoo_answers())
    known = zoo_name(name)
    if known is None:
        raise unknown_network(name)
    return zoo_text(known)


@_asked
def fit(
    what: str,
    *,
    variants: str | Iterable[str] | None = None,
    width: str = "",
    size: str = "",
    where: str = "",
    best: str = "",
    top: int | None = None,
    norm: bool = False,
    activation: str | None = None,
    inplace: bool = True,
    verify: bool = True,
    verify_limit: int | None = None,
    **limits: Number,
) -> Fit:
    """What meets a budget: the variants and settings of a layer, or the width and the size of a network.

    >>> found = fit("mobilenet-v1", macs="150M", verify=False)
    >>> found.best[0].text, found.best[0].words["macs"]
    ('mobilenet-v1 width=0.5', 149497088)

    `limits` are words such as `macs`, `params` and `peak_bytes`; `_` in a layer is what is asked for, and ranges are
    gone through, as in the command. Raises Error for what is no layer, no network, or no budget.
    """
    from .search.fit import USUAL, budget_condition, fit_layer
    from .search.grid import is_network, tokens_of_line
    from .search.questions import NUMBERS
    from .search.scaling import SCALED, fit_network, read_sizes
    from .search.select import read_orders

    texts = {word: str(limit) for word, limit in limits.items()}
    word, _, rest = what.strip().partition(" ")
    if not is_network(word):
        names = _variants(variants)
        text, flags = tokens_of_line(what, _flags(norm, activation))
        found = fit_layer(
            text, budget_condition(texts, where), names, read_orders(best, NUMBERS) or USUAL, top,
            flags=flags, inplace=inplace, verify=_verifier(verify, verify_limit),
        )  # fmt: skip
    else:
        from .networks.build import Choices
        from .networks.zoo import find_program

        found = fit_network(
            find_program(word), Choices(rest), budget_condition(texts, where, SCALED), width,
            read_sizes(size), read_orders(best, SCALED), top,
            inplace=inplace, verify=_network_verifier(verify, verify_limit),
        )  # fmt: skip
    return _shown(found)


@_asked
def sweep(
    spec: str,
    *,
    variants: str | Iterable[str] | None = None,
    where: str = "",
    best: str = "",
    top: int | None = None,
    front: str | Iterable[str] = "",
    norm: bool = False,
    activation: str | None = None,
    threads: int = 1,
    inplace: bool = True,
    verify: bool = True,
    verify_limit: int | None = None,
) -> Sweep:
    """Many layers and all their variants: how many rows there are, the best of them, and the front.

    >>> found = sweep("16..64/16 @7,14 k3", variants=["standard"], where="macs<=1M", best="max:macs", top=1)
    >>> found.rows, found.best[0].text
    (8, '16 @14 k3')
    >>> [len(batch) for batch in found.batches()]
    [3]

    `batches()` of the answer gives all chosen rows, some thousand at a time: NumPy records, or with `arrow=True` record
    batches of Arrow. Raises Error for what is no range, and for a condition or a word that there is not.
    """
    from .search.grid import tokens_of_line
    from .search.sweep import Workers, read_search, sweep_layers

    names = _variants(variants)
    words = front if isinstance(front, str) else ",".join(front)
    text, flags = tokens_of_line(spec, _flags(norm, activation))
    search = read_search(text, names, where, best, top, words, flags=flags, inplace=inplace)
    check = _verifier(verify, verify_limit)
    return _shown(sweep_layers(search, text, Workers(threads), verify=check, top=top))


@_asked
def reconcile(
    name: object,
    *figures: str | int,
    size: str = "",
    width: Number | None = None,
    depth: Number | None = None,
    batch: int | None = None,
    norm: bool = True,
    convention: str = "",
    sizes: str | Iterable[Number] = (),
    siblings: bool = False,
    verify: bool = True,
    verify_limit: int | None = None,
) -> Reconciliation:
    """How other tools count a network or a layer, and which of them prints each of the figures.

    >>> found = reconcile("resnet50", "4.11 G=fvcore", verify=False)
    >>> [(one.convention.name, one.value, one.match) for one in found.figures[0].explanations]
    [('fvcore', 4111512576, 'rounded')]

    `name` is that of a network, built in or a file, or a line that describes a layer. Multiply-adds are executed, as in
    `network`, unless `verify` is false. Raises Error for what is no network, figure or convention.
    """
    from .answers.network import answer_network, not_rebuilt
    from .answers.opening import Opened
    from .conventions import answer
    from .conventions.opening import is_layer, others_of
    from .networks.single import read_single

    if (sizes or siblings) and not figures:
        raise SpecError("sizes and siblings are for figures, and there is none", "add one as it is printed: '4.12 G'")
    if isinstance(name, str) and is_layer(name):
        opened = Opened(read_single(f"{name} {size}".strip()), not_rebuilt)
    else:
        opened = _opened(name, size, width, depth, batch, norm)
    check = _network_verifier(verify, verify_limit)
    verified = answer_network(opened.network, True, check, opened.rebuild).verified if check else None
    only = answer.find_conventions(convention) if convention else ()
    every = sizes if isinstance(sizes, str) else ",".join(map(str, sizes))
    others = others_of(opened.network, opened.rebuild, every, siblings)
    texts = tuple(map(str, figures))
    found = answer.reconcile_network(opened.network, texts, others=others, only=only, verified=verified)
    return _shown(found)


@_asked
def time(
    spec: str | LayerSpec = "",
    *,
    network: object = None,
    variants: str | Iterable[str] | None = None,
    engine: str = "",
    threads: int = 1,
    device: str = "",
    per_layer: bool = False,
    predict: bool = False,
    max_seconds: float | None = None,
    norm: bool = False,
    activation: str | None = None,
    residual: bool = False,
) -> Timed:
    """Every variant of a layer, or a `network`, timed in a real engine on this machine, beside a bound.

    >>> found = time("64:128 @56 k3", variants=["standard", "depthwise-separable"], device="nvidia-a100")
    >>> [row.name for row in found.rows], found.rows[0].times is None
    (['standard', 'depthwise-separable'], True)

    With a `device` there are its bounds alone, and nothing is measured. `spec` says what is asked of the input of a
    network; `per_layer` is each of its distinct layers, `predict` a guess beside what is measured. Raises Error for
    what cannot be timed.
    """
    from .timing import ENGINES, NETWORK_SECONDS, SECONDS, answer
    from .timing.devices import find_device
    from .timing.machine import open_watch, time_opened

    seconds = max_seconds if max_seconds is not None else SECONDS if network is None else NETWORK_SECONDS
    on = find_device(device)[0] if device else None
    opened = partial(open_watch, engine or ENGINES[0], threads, on, predict, seconds)
    if network is None:
        read, names = _read(spec, norm, activation, residual), _variants(variants)
        found = answer.time_layer(read.spec, names, *opened(), read.source)
    else:
        from .answers.opening import find_network

        asked = find_network(network, str(spec), tell=_warn).network
        found = time_opened(network, asked, *opened(), per_layer)
    return _shown(found)


@_asked
def separate(
    weights: object,
    *words: str,
    macs: float | None = None,
    error: float | None = None,
    layer: str = "",
    curve: bool = False,
    input: object = None,
    verify: bool = True,
    verify_limit: int | None = None,
) -> Separation:
    """What trained kernels would lose as other variants, and what is dead in them: of a file, or of an array.

    >>> import numpy
    >>> sobel = numpy.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    >>> found = separate(sobel, "@56")
    >>> found.layers[0].filter, found.layers[0].chosen.variant, found.layers[0].status
    ('rank 1 = [1 2 1]ᵀ·[1 0 -1]', 'spatially-separable', 'verified')

    `weights` is the path of an .onnx, .npy, .npz or .safetensors file, or an array (out, in, height, width); `words`
    say what its shape does not: "@56", "s2", "p1". `macs` is a share of all MACs for which ranks are allocated,
    `error` what each layer may lose, `curve` every rank; `input` is data for the layer, or the path of some for the
    model. Raises Error for what is none of these.
    """
    from .trained import answer
    from .trained.opening import separate_weights

    limit = answer.DEFAULT_LIMIT if verify_limit is None else verify_limit
    asked = answer.Asked(macs, error, curve, False, verify, limit)
    return _shown(separate_weights(weights, words, asked, layer, input))


@_asked
def budget(
    path: str | PathLike[str] | None = None,
    *,
    targets: Iterable[str] = (),
    inplace: bool = True,
    verify: bool = True,
    verify_limit: int | None = None,
) -> BudgetAnswer:
    """Every target of a budget held against it: `ok`, and `findings`, a line a word.

    `path` is that of a pyproject.toml or a convcost.toml; without one the nearest above this folder. `targets` are
    those that are wanted. Raises Error where there is no budget, and for what is none.
    """
    from pathlib import Path

    from .gate.budgets import find_budgets, read_budgets
    from .gate.judging import judge_all

    budgets = read_budgets(Path(path) if path is not None else find_budgets(Path()))
    known = [target.name for target in budgets.targets]
    names = [_known("target", name, known) for name in targets]
    wanted = tuple([target for target in budgets.targets if not names or target.name in names])
    ways = _ways(inplace, verify, verify_limit)._replace(folder=budgets.path.parent)
    return _shown(judge_all(budgets._replace(targets=wanted), ways))


@_asked
def diff(a: str, b: str, *, inplace: bool = True, verify: bool = True, verify_limit: int | None = None) -> Difference:
    """What differs between two networks, layers, revisions or answers in JSON, operation by operation.

    >>> found = diff("resnet18", "resnet18 @192", verify=False)
    >>> found.is_same, found.a.total["macs"] - found.b.total["macs"]
    (False, 481148928)

    Raises Error where there is no such thing.
    """
    from .gate.diff import differences
    from .gate.targets import read_subject

    ways = _ways(inplace, verify, verify_limit)
    return _shown(differences(read_subject(a, ways), read_subject(b, ways)))


def assert_cost(
    target: str, *, growth: str | Mapping[str, str] | None = None, baseline: str | None = None, folder: str = ".",
    **limits: str | int,
) -> None:  # fmt: skip
    """Fail, with an AssertionError, where a layer or a network costs more than it may; a fixture of pytest, too.

    >>> assert_cost("64:128 @56 k3", macs="<=250M", peak_bytes="3MiB")
    >>> assert_cost("64:128 @56 k3", macs="<=200M")
    Traceback (most recent call last):
        ...
    AssertionError: 64:128 @56 k3: macs 231,211,008 is 15.6 % more than 200M; most have conv 231,211,008

    `growth` is against the baseline that `convcost budget --update` writes. Raises Error for what is no network or no
    quantity.
    """
    from .gate.budgets import BASELINE
    from .gate.judging import hold_cost

    _asked(hold_cost)(target, growth=growth, baseline=baseline or BASELINE, folder=folder, **limits)


def _ways(inplace: bool, verify: bool, limit: int | None) -> Ways:
    from .gate.targets import Ways

    return Ways(inplace=inplace, verify=_network_verifier(verify, limit), tell=_warn)


def _warn(note: str) -> None:
    """What is worth knowing and is no part of an answer, as Python says such things."""
    import sys
    from warnings import warn

    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame, level = frame.f_back, level + 1
    warn(note, stacklevel=level)  # at the line of the script that asked


def _opened(
    name: object, size: str, width: Number | None, depth: Number | None, batch: int | None, norm: bool,
    inputs: Mapping[str, Iterable[int]] | None = None,
) -> Opened:  # fmt: skip
    """The network of a name, of a file, or of a module."""
    from .answers.opening import Asked, find_network

    shapes = tuple([f"{one}={'x'.join(map(str, shape))}" for one, shape in (inputs or {}).items()])
    asked = Asked(_said(width), _said(depth), batch, norm, shapes)
    return find_network(str(name) if isinstance(name, PathLike) else name, size, asked, tell=_warn)


def _said(number: Number | None) -> str:
    return "" if number is None else str(number)


def _read_of(
    spec: str | LayerSpec, network: object, layer: str, norm: bool, activation: str | None, residual: bool
) -> Reading:
    """What a spec says, or a layer of a network, whose input the spec then says something about."""
    if network is None and not layer:
        return _read(spec, norm, activation, residual)
    if network is None or not layer:
        missing = "layer" if network is not None else "network"
        raise SpecError(f"{missing} is missing", "a layer of a network has network and layer")
    from .answers.opening import find_network
    from .networks.convs import spec_of_layer

    opened = find_network(network, str(spec) if isinstance(spec, str) else "", tell=_warn)
    found = spec_of_layer(opened.network, layer)
    return _read(read_layer(format_spec(found)).spec._replace(norm=found.norm, activation=found.activation), norm,
                 activation, residual)  # fmt: skip


def _read(spec: str | LayerSpec, norm: bool, activation: str | None, residual: bool) -> Reading:
    if not isinstance(spec, str | LayerSpec):
        raise TypeError(f"a layer is text or a LayerSpec, not {type(spec).__name__}")
    read = read_layer(spec) if isinstance(spec, str) else Reading(spec)
    return read._replace(spec=read.spec._replace(**_flags(norm, activation, residual)))


def _flags(norm: bool, activation: str | None, residual: bool = False) -> dict[str, Any]:
    """What no token of a layer says: the fields that are asked for."""
    given = {"norm": norm, "activation": activation if activation is None else _activation(activation),
             "residual": residual}  # fmt: skip
    return {field: value for field, value in given.items() if value}


def _variants(names: str | Iterable[str] | None) -> list[str] | None:
    """The variants that are named, each once, by its own name; in a list, or in one text with commas."""
    if names is None:
        return None
    each = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
    return own_names([_known("variant", name, [*row_names(), ALL]) for name in each])


def _known(what: str, name: str, known: Sequence[str]) -> str:
    """The name, which is one of those known; else the error that the command has."""
    if name not in known:
        raise unknown_name(what, name, known)
    return name


def _activation(name: str) -> str:
    from .spec.errors import Problem
    from .spec.fields import choose

    try:
        return str(choose("activation", name))
    except Problem as problem:
        raise problem.at(name, (0, len(name))) from None


def _verifier(verify: bool, limit: int | None) -> Verify | None:
    if not verify:
        return None
    from .checks.verifier import DEFAULT_LIMIT, Verifier

    return Verifier(DEFAULT_LIMIT if limit is None else limit)


def _network_verifier(verify: bool, limit: int | None) -> VerifyNetwork | None:
    if not verify:
        return None
    from .checks.networks import NetworkVerifier
    from .checks.verifier import DEFAULT_LIMIT

    return NetworkVerifier(DEFAULT_LIMIT if limit is None else limit)
