"""What a question about time needs, opened: an engine with this machine as calibrated, or a device alone; a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..answers.opening import is_onnx
from ..networks.build import Network
from ..spec.errors import SpecError
from .answer import Stopwatch, Timed, time_graphs, time_network
from .calibrate import Profile, keep_profile, machine_profile
from .devices import Device
from .engines import Engine, Run, open_engine, run_of_file
from .predict import Fit, fit_engine, fit_record, kept_fit
from .subjects import subjects_of


def open_watch(
    name: str, threads: int, device: Device | None, predict: bool, max_seconds: float,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Stopwatch, Profile | None]:  # fmt: skip
    """What bounds on a device, or measures in the engine of that name, with its profile, and predicts if asked to.

    >>> from .devices import shipped_devices
    >>> open_watch("onnxruntime", 1, shipped_devices()["nvidia-t4"], False, 1.0)[0].engine is None
    True

    Raises SpecError for a prediction for a device, and where the engine is not there.
    """
    if device is not None:
        if predict:
            hint = "a fit holds for the engine, threads and type it was made with; bounds need none"
            raise SpecError("--predict is for this machine", hint)
        return Stopwatch(None, device), None
    engine = open_engine(name, threads)
    profile = machine_profile(engine, tell=tell)
    fit = None
    if predict:
        profile, fit = _fit(engine, profile, tell)
    return Stopwatch(engine, profile.device(), fit, max_seconds, tell), profile


def _fit(engine: Engine, profile: Profile, tell: Callable[[str], None]) -> tuple[Profile, Fit]:
    """The fit of this machine, made once and kept with its profile."""
    fit = kept_fit(profile.fit)
    if fit is None:
        fit = fit_engine(engine, tell)
        profile = profile._replace(fit=fit_record(fit))
        keep_profile(profile)
    return profile, fit


def time_opened(name: object, network: Network, watch: Stopwatch, profile: Profile | None, per_layer: bool) -> Timed:
    """A network that was opened by that name: each of its distinct operations, or whole, an ONNX file as it stands."""
    if per_layer:
        return time_graphs(network.name, subjects_of(network.graph, network.shapes), None, watch, profile)
    run: Callable[[bool], Run] | None = None
    if isinstance(name, str) and is_onnx(name):
        threads = (watch.engine.threads if watch.engine else 1) or 1
        run = partial(run_of_file, name, network.graph.input_shape, threads)
    return time_network(network.name, network.graph, network.shapes, watch, profile, run)
