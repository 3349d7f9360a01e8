"""Figures of devices, and the bounds that follow: below every time that somebody has published."""

from __future__ import annotations

from pathlib import Path

import pytest
from tables import each

from convcost.analysis import analyze
from convcost.graph.ops import Concat, Conv, Flatten, Graph, Linear, Node
from convcost.graph.shapes import infer_shapes
from convcost.networks.build import Choices, build_network
from convcost.networks.program import read_program
from convcost.networks.zoo import zoo_program
from convcost.spec import SpecError
from convcost.timing.bounds import Bound, bound_of
from convcost.timing.devices import Device, find_device, read_devices, shipped_devices

#: timm's results (benchmark-infer-amp-nhwc-pt240-cu124-rtx4090.csv): an RTX 4090, amp, large batches, microseconds an
#: image, at these input sizes.
PUBLISHED = {
    "resnet18": (224, 55), "resnet50": (224, 197), "resnet152": (224, 426), "resnext50-32x4d": (224, 237),
    "wide-resnet50-2": (224, 305), "densenet121": (224, 257), "mobilenet-v1": (224, 68), "mobilenet-v2": (224, 85),
    "mobilenet-v3-large": (224, 59), "efficientnet-b0": (224, 102), "vgg11": (224, 201), "vgg16": (224, 344),
    "convnext-tiny": (224, 206), "inception-v3": (299, 230), "mnasnet": (224, 69), "regnetx-400mf": (224, 37),
    "ghostnet": (224, 65), "vit-b16": (224, 352),
}  # fmt: skip

SMALL = Device("small", "derived", (), {"fp32": 1e9}, 1e9)


def bounded(text: str, device: Device) -> Bound:
    graph = build_network(read_program(text)).graph
    shapes = infer_shapes(graph)
    return bound_of(graph, shapes, analyze(graph, True, shapes), device)


@each("name", PUBLISHED)
def test_a_bound_lies_below_the_published_time(name: str) -> None:
    """An image of a large batch; and not so far below that it says nothing."""
    size, microseconds = PUBLISHED[name]
    network = build_network(zoo_program(name), Choices(f"@{size} n256 fp16"))
    device = shipped_devices()["nvidia-rtx-4090"]
    found = bound_of(network.graph, network.shapes, analyze(network.graph, True, network.shapes), device)
    assert found.seconds is not None
    assert 0.2 < found.seconds / 256 / (microseconds * 1e-6) < 1


def test_every_shipped_device_says_whence_its_figures_are() -> None:
    """With at least one source; rates are between those of a microcontroller and those of the largest."""
    for device in shipped_devices().values():
        assert device.status in ("vendor", "third-party", "derived")
        assert device.source
        assert all([1e7 < rate < 1e16 for rate in device.peak.values()])
        assert device.peak or "clock" in device.note


def test_dense_figures_and_one_mac_is_two_flops() -> None:
    """Of the A100, which NVIDIA's data sheet has as 312 TFLOPS (624 sparse) and 19.5."""
    peak = shipped_devices()["nvidia-a100-sxm-40gb"].peak
    assert (2 * peak["fp16"], 2 * peak["fp32"]) == (312e12, 19.5e12)


def test_a_side_whose_figure_is_missing_is_missing() -> None:
    """And what limits is then not known."""
    text = "input 8 @9\nstandard 8 k3"
    both = bounded(text, SMALL)
    assert both.compute is not None
    assert both.memory is not None
    assert bounded(text, SMALL._replace(bandwidth=None)) == Bound(both.compute, None, both.compute, None)
    assert bounded(text, SMALL._replace(peak={"int8": 1.0})) == Bound(both.memory, None, None, both.memory)
    assert bounded(text, SMALL._replace(peak={}, bandwidth=None)) == Bound(None, None, None, None)


@each(
    ("text", "numbers"),
    [
        ("input 4 @6x5\nstandard 8 k3", 4 * 30 + 8 * 30 + 4 * 8 * 9),
        ("input 4 @6x6\npointwise 8 s3", 4 * 4 + 8 * 4 + 4 * 8),  # what no window sees is not read
        ("input 4 @6\nstandard 4 k1\nbatch-norm\nrelu", 2 * 4 * 36 + 16),  # in passing
        ("input 4 @6\na: standard 4 k1\nadd from in a", 2 * 4 * 36 + 16),  # a sum of what nobody else reads
        ("input 4 @6\nconcat from in in", 4 * 36 + 8 * 36),
        ("input 4 @6\nmax-pool k2 s2", 4 * 36 + 4 * 9),
        ("input 4 @6\nflatten\nlinear 10", 144 + 10 + 1440),
        ("input 4 @6x5 n2\nstandard 8 k3", 2 * 4 * 30 + 2 * 8 * 30 + 4 * 8 * 9),
        ("input 4 @6\ngrouped 8 k3 g2", 4 * 36 + 8 * 36 + 2 * 8 * 9),
        ("input 4 @6\na: standard 4 k3\nstandard 4 k3 share a", 4 * 4 * 36 + 144),  # weights once
        ("input 4 @6\na: linear 4 each\nlinear 4 each share a", 4 * 4 * 36 + 16),
        ("input 4 @6\nmax-pool k2 s3", 16 * 4 + 16),  # what no window sees
        ("input 4 @6\nadaptive-average-pool 1", 144 + 4),
        ("input 4 @6\ntokens 2", 144 + 4 * 38 + 4 * (2 + 38)),  # its vectors and its positions are learned
        ("input 12 @6\nattend 2", 12 * 36 + 4 * 36),
        ("input 4 @6\nadd from in in", 2 * 144),  # the one input is read twice by the same sum
        ("input 4 @6\na: relu\nb: multiply from a in\nadd from a b", 3 * 144),  # others read what is multiplied
    ],
)
def test_bytes_are_those_that_must_move(text: str, numbers: int) -> None:
    assert bounded(text, SMALL).memory == pytest.approx(4 * numbers / 1e9)


@pytest.mark.parametrize(
    ("peak", "seconds", "limited"),
    [
        (1e9, 2304e-9 + 1728e-9, "compute"),
        (1.5e9, 1536e-9 + 1728e-9, "memory"),  # more of it waits for bytes
        (1e12, 1408e-9 + 1728e-9, "memory"),
    ],
)
def test_of_each_operation_the_longer_side_counts(peak: float, seconds: float, limited: str) -> None:
    """Not of the whole: a convolution waits for its 2304 products, or 1408 bytes; a copy beside it for 1728 bytes."""
    found = bounded("input 4 @6\nstandard 4 k3 p0\nconcat from in in", SMALL._replace(peak={"fp32": peak}))
    assert (found.seconds, found.limited_by) == (pytest.approx(seconds), limited)
    assert (found.compute, found.memory) == (pytest.approx(2304 / peak), pytest.approx(3136e-9))


def test_what_the_chip_keeps_does_not_move() -> None:
    """Of each tensor what is larger than its memory."""
    graph = Graph((1, 4, 8), "fp32", (Node("conv", Conv(4, 2, (1,), (1,), ((0, 0),), (1,)), (0,)),))
    shapes = infer_shapes(graph)
    device = SMALL._replace(on_chip=100)
    found = bound_of(graph, shapes, analyze(graph, True, shapes), device)
    assert found.memory == pytest.approx((128 - 100 + 0 + 0) / 1e9)


def test_a_part_of_a_name_finds_the_first_and_names_the_others() -> None:
    device, others = find_device("a100")
    assert (device.name, others) == ("nvidia-a100-sxm-40gb", ["nvidia-a100-sxm-80gb"])


@each("name", ["a10", "rtx-40", "sxm-40", ""])
def test_a_part_of_a_word_finds_no_device(name: str) -> None:
    """An A10 is another card than an A100."""
    with pytest.raises(SpecError, match="unknown device"):
        find_device(name)


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    """The only one in it, or the one that is named."""
    path = tmp_path / "my.toml"
    one = '[devices.a]\nfp16 = 1e12\nbandwidth = 2e9\non_chip = 1024\nstatus = "derived"\nsource = "by hand"\n'
    path.write_text(one)
    assert find_device(str(path))[0] == Device("a", "derived", ("by hand",), {"fp16": 1e12}, 2e9, 1024)
    path.write_text(one + one.replace("devices.a", "devices.b"))
    assert find_device(f"{path}:b")[0].name == "b"
    with pytest.raises(SpecError, match="which device"):
        find_device(str(path))


@each(
    ("text", "said"),
    [
        ("x", "no TOML"), ("a = 1", "has no device"), ("[devices]\na = 1", "has no device"),
        ("[devices.a]\nfp32 = 1e9", "whence"), ('[devices.a]\nstatus = "vendor"\nfp32 = -1', "fp32 is -1"),
        ('[devices.a]\nstatus = "vendor"\nfp31 = 1', "unknown field 'fp31'"),
        ('[devices.a]\nstatus = "vendor"\nbandwidth = true', "bandwidth is True"),
        ('[devices.a]\nstatus = "vendor"\nfp32 = inf', "fp32 is inf"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_bad_input(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        read_devices(text, "my.toml")


@each(
    ("fields", "is_noted"),
    [("", False), ("fp32 = 1e9", False), ("int8_per_cycle = 256", True), ("fp32 = 1e9\nint8_per_cycle = 256", False)],
)
def test_a_device_of_rates_a_cycle_alone_says_what_is_missing(fields: str, is_noted: bool) -> None:
    """Its clock; a note of its own stands instead."""
    text = f'[devices.a]\nstatus = "vendor"\n{fields}'
    assert ("clock" in read_devices(text, "my.toml")["a"].note) is is_noted
    assert read_devices(f'{text}\nnote = "mine"', "my.toml")["a"].note == "mine"


@pytest.mark.parametrize(
    ("peak", "bandwidth", "limited"), [(2.0, 3.0, "compute"), (2.0, 1.0, "memory"), (1.0, 1.5, "compute")]
)
def test_of_two_sides_as_long_as_each_other_the_products_limit(peak: float, bandwidth: float, limited: str) -> None:
    """A matrix product of 8 multiply-adds moves 4 + 2 + 8 numbers of a byte; then a copy that computes nothing."""
    graph = Graph((1, 4), "int8", (Node("linear", Linear(4, 2), (0,)),))
    shapes = infer_shapes(graph)
    analysis = analyze(graph, True, shapes)
    device = SMALL._replace(peak={"int8": 8 * peak}, bandwidth=14 * bandwidth)
    assert bound_of(graph, shapes, analysis, device).limited_by == limited
    equal = SMALL._replace(peak={"int8": 8.0}, bandwidth=14.0)
    assert bound_of(graph, shapes, analysis, equal) == Bound(1.0, "compute", 1.0, 1.0)


def test_half_of_the_time_is_enough_to_limit() -> None:
    """Products take as long as the copy behind them."""
    graph = Graph((1, 4, 2), "int8", (
        Node("conv", Conv(4, 4, (1,), (1,), ((0, 0),), (1,)), (0,)), Node("concat", Concat(), (1, 1)),
    ))  # fmt: skip
    shapes = infer_shapes(graph)
    found = bound_of(graph, shapes, analyze(graph, True, shapes), SMALL._replace(peak={"int8": 32.0}, bandwidth=32.0))
    assert (found.seconds, found.limited_by) == (1.0 + 24 / 32, "compute")  # 32 products, 32 bytes; 8 + 16 bytes
    even = bound_of(graph, shapes, analyze(graph, True, shapes), SMALL._replace(peak={"int8": 32.0}, bandwidth=24.0))
    assert (even.compute, even.memory) == (1.0, 32 / 24 + 1.0)


def test_what_moves_nothing_takes_no_time_and_is_limited_by_nothing() -> None:
    graph = Graph((1, 4, 2), "fp32", (Node("flatten", Flatten(), (0,)),))
    shapes = infer_shapes(graph)
    assert bound_of(graph, shapes, analyze(graph, True, shapes), SMALL) == Bound(0, None, 0, 0)


def test_a_device_that_is_unknown_is_marked_with_the_nearest_name() -> None:
    """The first of those that are near, or where all of them are listed."""
    with pytest.raises(SpecError, match="unknown device 'nvidia-t5'") as caught:
        find_device("nvidia-t5")
    assert (caught.value.text, caught.value.start, caught.value.end) == ("nvidia-t5", 0, 9)
    assert caught.value.hint == "did you mean nvidia-t4?"
    with pytest.raises(SpecError) as caught:
        find_device("qqqq")
    assert caught.value.hint.startswith("convcost device --list")


@pytest.mark.parametrize(("devices", "there"), [(0, "none"), (2, "d0, d1"), (12, "d10, d11"), (13, "d10, d11")])
def test_a_file_of_several_devices_names_twelve_of_them(devices: int, there: str, tmp_path: Path) -> None:
    """In their order."""
    path = tmp_path / "my.toml"
    path.write_text("[devices]\n" + "".join(f'[devices.d{n}]\nstatus = "derived"\n' for n in range(devices)))
    with pytest.raises(SpecError, match="which device") as caught:
        find_device(str(path))
    assert caught.value.hint.endswith(there)


def test_the_only_device_of_a_file_needs_no_name_and_no_other_will_do(tmp_path: Path) -> None:
    """Its own will, too."""
    path = tmp_path / "my.toml"
    path.write_text('[devices.d]\nstatus = "derived"\n')
    assert find_device(str(path))[0].name == find_device(f"{path}:d")[0].name == "d"
    with pytest.raises(SpecError, match="which device"):
        find_device(f"{path}:e")


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    """In the system's words, or that it is no text."""
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        find_device(str(tmp_path / "none.toml"))
    (tmp_path / "my.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match="cannot be read: it is no text"):
        find_device(str(tmp_path / "my.toml"))


@each(("value", "is_read"), [("0.5", True), ("1", True), ("0", False), ("0.0", False), ("-1", False)])
def test_a_rate_is_any_number_above_0(value: str, is_read: bool) -> None:
    """Also one below 1."""
    text = f'[devices.a]\nstatus = "vendor"\nfp32 = {value}'
    if is_read:
        assert read_devices(text, "my.toml")["a"].peak == {"fp32": float(value)}
    else:
        with pytest.raises(SpecError, match="fp32 is "):
            read_devices(text, "my.toml")


def test_sources_are_a_list_or_one_text_or_none() -> None:
    """Whatever is in it is text."""
    text = '[devices.a]\nstatus = "vendor"\n'
    for said, sources in (("", ()), ('source = "x"', ("x",)), ('source = ["x", 7]', ("x", "7"))):
        assert read_devices(text + said, "my.toml")["a"].source == sources


@pytest.mark.parametrize(("name", "near"), [("a101", "a100"), ("RTX-4080", "rtx-4090"), ("jetson-nan", "jetson-nano")])
def test_a_short_name_that_is_close_is_suggested_and_works(name: str, near: str) -> None:
    with pytest.raises(SpecError) as caught:
        find_device(name)
    assert caught.value.hint == f"did you mean {near}?"
    assert f"-{near}" in find_device(near)[0].name
