"""This machine as a device: what is run how often, what the fastest says, and how that is kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import each

from convcost.analysis import analyze
from convcost.timing import calibrate
from convcost.timing.calibrate import Profile, fastest, keep_profile, kept_profile, machine_profile, raised
from convcost.timing.engines import Engine

KEY = {"engine": "fake", "version": "1", "threads": 2, "cpu": "any"}
PROFILE = Profile(KEY, 1e9, 2e9, "2026-01-02", {"overhead": 1.0})
ENGINE = Engine("fake", "1", 2, "none", lambda case, fused=True: lambda: case)  # noqa: ARG005  as engines have it


def test_products_of_several_sizes_are_timed() -> None:
    """Input, output and multiply-adds: 3 x 3 and 1 x 1 over 28 x 28 and 14 x 14, and matrix products of rows."""
    found = [(graph.input_shape, analyze(graph)) for graph in calibrate._products()]
    assert [(shape, one.output_shape, one.cost.macs) for shape, one in found] == [
        ((1, 64, 28, 28), (1, 64, 28, 28), 64 * 64 * 9 * 784),
        ((1, 128, 28, 28), (1, 128, 28, 28), 128 * 128 * 9 * 784),
        ((1, 256, 14, 14), (1, 256, 14, 14), 256 * 256 * 9 * 196),
        ((1, 256, 28, 28), (1, 256, 28, 28), 256 * 256 * 784),
        ((1, 512, 14, 14), (1, 512, 14, 14), 512 * 512 * 196), ((1, 128, 14, 14), (1, 512, 14, 14), 128 * 512 * 196),
        ((64, 1024), (64, 1024), 64 * 1024 * 1024), ((128, 512), (128, 2048), 128 * 512 * 2048),
    ]  # fmt: skip


@pytest.mark.parametrize(("threads", "seconds"), [(1, 2.0), (2, 20.0), (None, 20.0)])
def test_the_fastest_run_counts_and_the_first_is_none(
    threads: int | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the processor's time where there is one thread, else by that on the wall, here ten times as much."""
    taken, now = iter([1.0, 5.0, 2.0, 7.0]), [0.0]
    monkeypatch.setattr(calibrate, "thread_time", lambda: now[0])
    monkeypatch.setattr(calibrate, "perf_counter", lambda: 10 * now[0])

    def run() -> None:
        now[0] += next(taken)

    assert fastest(run, 3, threads) == seconds
    assert next(taken, None) is None


@pytest.mark.parametrize(("size", "times"), [(1 << 14, 64), (1 << 20, 1), (1 << 22, 1)])
def test_a_copy_reads_and_writes_a_mebibyte_at_least(size: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In half a second here: twice the bytes of all copies, over that; the fastest of six."""
    copied: list[int] = []
    monkeypatch.setattr(np, "copyto", lambda target, source: copied.append(min(target.nbytes, source.nbytes)))

    def timed(run: Any, runs: int) -> float:
        assert runs == 6
        run()
        return 0.5

    monkeypatch.setattr(calibrate, "fastest", timed)
    assert calibrate._copy_rate(size) == 2 * 2 * sum(copied)
    assert copied == [size] * times


def test_an_engine_multiplies_as_fast_as_its_fastest_of_six_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of products that touch data alone: those of two 3 x 3 over 28 x 28 have 82 of 84 an axis."""
    monkeypatch.setattr(calibrate, "make_case", lambda graph: graph)
    monkeypatch.setattr(calibrate, "fastest", lambda _, runs, threads: runs * threads / 12)
    assert calibrate._rate(ENGINE, calibrate._products()[0]) == 64 * 64 * 82 * 82


@pytest.mark.parametrize(("threads", "cores", "factor"), [(3, 8, 3), (None, 8, 8), (None, None, 1)])
def test_every_thread_copies(
    threads: int | None, cores: int | None, factor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody knows how many there are, as many as cores; and 5 % more than was seen.

    Copies are as large as caches and memory: 16, 32, 128 and 512 KiB, and 4 MiB.
    """
    told, copied = list[str](), list[int]()
    monkeypatch.setattr(calibrate, "_rate", lambda *_: 100.0)
    monkeypatch.setattr(calibrate, "_copy_rate", lambda size: copied.append(size) or 10.0 + size)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    found = calibrate.calibrate(ENGINE._replace(threads=threads), told.append)
    assert found.macs_per_second == pytest.approx(105)
    assert found.bytes_per_second == pytest.approx(1.05 * factor * (10 + (1 << 22)))
    assert told == ["products", "copies"]
    assert copied == [16 * 1024, 32 * 1024, 128 * 1024, 512 * 1024, 4 * 1024 * 1024]


def test_a_profile_is_a_device_of_float32_alone() -> None:
    """Measured, with its engine, threads and day."""
    found = PROFILE.device()
    assert (found.name, found.status) == ("any, fake 1, 2 threads", "measured")
    assert (found.peak, found.bandwidth, found.on_chip) == ({"fp32": 1e9}, 2e9, None)
    assert found.source == ("convcost device --calibrate, 2026-01-02",)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which profiles are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    return tmp_path / "convcost"


def test_a_profile_is_read_as_it_was_kept(cache: Path) -> None:
    """That of the same engine, version, threads and processor; nothing else stands beside it."""
    assert kept_profile(KEY) is None
    keep_profile(PROFILE)
    assert kept_profile(KEY) == PROFILE
    assert kept_profile({**KEY, "threads": 3}) is None
    (file,) = cache.iterdir()
    assert (len(file.stem), file.suffix) == (len("device-") + 16, ".json")


@pytest.mark.parametrize(
    ("kept", "is_read"),
    [
        (PROFILE._replace(macs_per_second=0), False), (PROFILE._replace(bytes_per_second=-1), False),
        (PROFILE._replace(macs_per_second=0.5, bytes_per_second=0.5), True), (PROFILE._replace(fit=None), True),
    ],
)  # fmt: skip
def test_rates_of_0_are_none(kept: Profile, is_read: bool, cache: Path) -> None:
    keep_profile(kept)
    assert cache.is_dir()
    assert (kept_profile(KEY) is not None) == is_read


def test_a_profile_under_another_key_is_not_that_one(cache: Path) -> None:
    """Though its file has the name; nor is what cannot be read."""
    keep_profile(PROFILE)
    (file,) = cache.iterdir()
    file.write_text(file.read_text().replace('"any"', '"other"'))
    assert kept_profile(KEY) is None
    for text in ("", "[]", "{}", '{"key": 1}'):
        file.write_text(text)
        assert kept_profile(KEY) is None


def test_what_cannot_be_kept_is_measured_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be made is no error; a profile that is there is not measured, unless it is to be."""
    cache.write_text("a file")
    keep_profile(PROFILE)
    cache.unlink()
    monkeypatch.setattr(calibrate, "profile_key", lambda _: KEY)
    monkeypatch.setattr(calibrate, "calibrate", lambda *_: PROFILE._replace(measured="now"))
    assert machine_profile(ENGINE).measured == "now"
    keep_profile(PROFILE)
    assert machine_profile(ENGINE).measured == "2026-01-02"
    assert machine_profile(ENGINE, anew=True).measured == "now"
    assert machine_profile(ENGINE).measured == "now"


@pytest.mark.parametrize(
    ("name", "variables", "folder"),
    [
        ("posix", {"XDG_CACHE_HOME": "/x"}, "/x/convcost"),
        ("posix", {"XDG_CACHE_HOME": ""}, "home/.cache/convcost"),
        ("nt", {"LOCALAPPDATA": "/y"}, "/y/convcost"),
        ("nt", {"LOCALAPPDATA": ""}, "home/AppData/Local/convcost"),
    ],
)
def test_profiles_are_kept_where_the_system_keeps_what_can_be_made_again(
    name: str, variables: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(calibrate.Path, "home", lambda: Path("home"))
    kind = type(Path())

    class System:
        environ = os.environ

    monkeypatch.setattr(System, "name", name, raising=False)
    monkeypatch.setattr(calibrate, "os", System)
    assert calibrate.cache_folder() == kind(folder)


@pytest.mark.parametrize(
    ("text", "platform", "name"),
    [
        ("processor : 0\nModel Name\t: Some CPU: 3 GHz\nmodel name : another", "x", "Some CPU: 3 GHz"),
        ("processor : 0\n", "x", "x"),
        ("processor : 0\n", "", "arch"),
    ],
)
def test_a_processor_is_called_what_the_system_calls_it(
    text: str, platform: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else by its kind."""
    monkeypatch.setattr(calibrate.Path, "read_text", lambda *_: text)
    monkeypatch.setattr(calibrate.platform, "processor", lambda: platform)
    monkeypatch.setattr(calibrate.platform, "machine", lambda: "arch")
    assert calibrate.processor_name() == name


@each(("pairs", "factor"), [([], None), ([(1.0, 1.0)], None), ([(1.0, 2.0)], None), ([(3.0, 2.0), (2.0, 1.0)], 2.0)])
def test_a_profile_is_raised_until_no_bound_is_beaten(pairs: list[tuple[float, float]], factor: float | None) -> None:
    """Both rates by the most by which a bound was longer than what was measured."""
    expected = factor and PROFILE._replace(macs_per_second=1e9 * factor, bytes_per_second=2e9 * factor)
    assert raised(PROFILE, pairs) == expected
