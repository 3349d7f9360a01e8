"""The commands as functions for scripts: they print nothing and give frozen records, whose table `print` shows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from .answers import comparison
from .answers import network as networks
from .spec import LayerSpec, Reading, SpecError, read_layer
from .variants.registry import ALL, own_names, row_names

if TYPE_CHECKING:
    from .answers.comparison import Verify
    from .answers.network import Rebuild, VerifyNetwork
    from .conventions.answer import Reconciliation
    from .graph.ops import Shape
    from .networks.build import Network
    from .trained.answer import Separation


class _Shown:
    """An answer that shows its table where it is printed, and in a notebook."""

    __slots__ = ()

    def __str__(self) -> str:
        from .report.notebook import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from .report.notebook import as_html

        return as_html(self)


class Comparison(_Shown, comparison.Comparison):
    """Every variant of one layer; `rows` has a Row for each."""

    __slots__ = ()


class Layer(_Shown, comparison.Layer):
    """Exactly the layer described; `row.words` has its numbers."""

    __slots__ = ()


class NetworkAnswer(_Shown, networks.NetworkAnswer):
    """A network: `total` has its words, `layers` one LayerAnswer an operation."""

    __slots__ = ()


def compare(
    spec: str | LayerSpec,
    *,
    variants: Iterable[str] | None = None,
    baseline: str | None = None,
    norm: bool = False,
    activation: str | None = None,
    residual: bool = False,
    inplace: bool = True,
    verify: bool = True,
    verify_limit: int | None = None,
) -> Comparison:
    """The usual variants of a layer, or those named (`["all"]`: all), side by side, executed unless `verify` is false.

    >>> found = compare("64:128 @56 k3", variants=["standard", "depthwise-separable"])
    >>> [(row.variant, row.words["macs"], row.verified.status) for row in found.rows]
    [('standard', 231211008, 'verified'), ('depthwise-separable', 27496448, 'verified')]

    Raises SpecError, a ValueError, for a spec, variant or baseline that there is not.
    """
    names = None if variants is None else list(variants)
    known = [*row_names(), ALL]
    for name in [*(names or ()), *([] if baseline is None else [baseline])]:
        if name not in known:
            raise SpecError(f"unknown variant {name!r}", "there are " + ", ".join(known), name, 0, len(name))
    read = _read(spec, norm, activation, residual)
    names, baseline = names and own_names(names), baseline and own_names([baseline])[0]
    found = comparison.compare_variants(
        read.spec, names, baseline, inplace=inplace, verify=_verifier(verify, verify_limit)
    )
    return Comparison._make(found._replace(source=read.source))


def layer(
    spec: str | LayerSpec,
    *,
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

    Raises SpecError, a ValueError, for what is no spec.
    """
    read = _read(spec, norm, activation, False)
    row = comparison.answer(read.variant, read.spec, inplace, _verifier(verify, verify_limit))
    return Layer(read.spec, row, read.source)


def network(
    name: object,
    size: str = "",
    *,
    width: str | None = None,
    norm: bool = True,
    inplace: bool = True,
    verify: bool = True,
    verify_limit: int | None = None,
) -> NetworkAnswer:
    """A whole network: a built-in one by name, or the path of a network file; `size` is such as "@192 n8".

    >>> found = network("resnet50")
    >>> found.total["params"], found.total["macs"], found.verified.status
    (25557032, 4089184256, 'verified')

    A `torch.nn.Module` is exported by its own torch and counted in evaluation mode: `network(module, "@3x224x224")`;
    so is one that a text names, such as "timm:resnet18"; a file may have what `print(module)` shows. What is not
    counted is in `network.unknown` of the answer.

    Every distinct layer is executed, and the whole at a reduced input, unless `verify` is false. Raises SpecError, a
    ValueError, for a network that there is not.
    """
    verifier = _network_verifier(verify, verify_limit)
    found = _of_torch(name, size)
    if found is not None:
        return NetworkAnswer._make(networks.answer_network(found[0], inplace, verifier, found[1]))
    from .networks.build import Choices
    from .networks.zoo import find_program

    choices = Choices(size, width, norm)
    return NetworkAnswer._make(networks.answer_program(find_program(str(name)), choices, inplace, verifier))


def _of_torch(name: object, size: str) -> tuple[Network, Rebuild] | None:
    """The network that a module of PyTorch is, or its print, or None; what there is to say about it is a warning."""
    from .networks.foreign import is_module_name, printed_text

    rebuild: Rebuild = networks.not_rebuilt
    if not isinstance(name, str):
        from .networks.exported import module_network

        network, notes = module_network(name, size)
    elif is_module_name(name):
        from .networks.modules import import_network

        network, notes = import_network(name, size)
    elif text := printed_text(name, None):
        from .networks.printed import printed_network

        network, rebuild, notes = printed_network(text, size, name)
    else:
        return None
    from warnings import warn

    for note in notes:
        warn(f"{network.name}: {note}", stacklevel=3)
    return network, rebuild


def reconcile(
    name: str,
    *figures: str,
    size: str = "",
    width: str | None = None,
    norm: bool = True,
    convention: str = "",
    sizes: Iterable[str] = (),
    siblings: bool = False,
    verify: bool = True,
    verify_limit: int | None = None,
) -> Reconciliation:
    """How other tools count a network or a layer, and which of them prints each of the figures.

    >>> found = reconcile("resnet50", "4.11 G=fvcore", verify=False)
    >>> [(one.convention.name, one.value, one.match) for one in found.figures[0].explanations]
    [('fvcore', 4111512576, 'rounded')]

    `name` is that of a network, built in or a file, or a line that describes a layer. Multiply-adds are executed, as in
    `network`, unless `verify` is false. Raises SpecError, a ValueError, for what is no network, figure or convention.
    """
    from .conventions import answer
    from .conventions.opening import others_of

    asked, rebuild = _opened(name, size, width, norm)
    check = _network_verifier(verify, verify_limit)
    verified = networks.answer_network(asked, True, check, rebuild).verified if check else None
    only = answer.find_conventions(convention) if convention else ()
    others = others_of(asked, rebuild, ",".join(map(str, sizes)), siblings)
    found = answer.reconcile_network(asked, figures, others=others, only=only, verified=verified)
    shown: Reconciliation = _shown(answer.Reconciliation)._make(found)
    return shown


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
    model. Raises SpecError, a ValueError, for what is none of these.
    """
    from .trained import answer
    from .trained.opening import separate_weights

    limit = answer.DEFAULT_LIMIT if verify_limit is None else verify_limit
    asked = answer.Asked(macs, error, curve, False, verify, limit)
    shown: Separation = _shown(answer.Separation)._make(separate_weights(weights, words, asked, layer, input))
    return shown


def _opened(name: str, size: str, width: str | None, norm: bool) -> tuple[Network, networks.Rebuild]:
    """The network of a name, or of a line that describes a layer, and how it is made for another input."""
    from .conventions.opening import is_layer
    from .networks.build import Choices, build_network
    from .networks.single import read_single
    from .networks.zoo import find_program

    if is_layer(name):
        return read_single(f"{name} {size}".strip()), networks.not_rebuilt
    program, choices = find_program(name), Choices(size, width, norm)

    def rebuild(shape: Shape) -> Network:
        return build_network(program, choices._replace(reduced=shape))

    return build_network(program, choices), rebuild


@cache
def _shown(kind: type) -> Any:
    """A kind of record whose module is not loaded before it is used, with its table."""
    return type(kind.__name__, (_Shown, kind), {"__slots__": (), "__module__": __name__, "__doc__": kind.__doc__})


def _read(spec: str | LayerSpec, norm: bool, activation: str | None, residual: bool) -> Reading:
    if not isinstance(spec, str | LayerSpec):
        raise TypeError(f"a layer is text or a LayerSpec, not {type(spec).__name__}")
    read = read_layer(spec) if isinstance(spec, str) else Reading(spec)
    given: dict[str, Any] = {"norm": norm, "activation": activation, "residual": residual}
    if activation is not None:
        given["activation"] = _activation(activation)
    return read._replace(spec=read.spec._replace(**{field: value for field, value in given.items() if value}))


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
