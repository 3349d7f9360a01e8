"""Sweeps: every row is what `compare` says, whoever works it out, and however it is reduced or written."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schema import VALID

import convcost
from convcost.answers.comparison import answer
from convcost.cli.main import run
from convcost.search import sweep
from convcost.search.chunks import chunk
from convcost.search.cluster import gathered_by, in_threads, on_cluster, reduced
from convcost.search.columns import blocks
from convcost.search.files import numpy_records, rows_to
from convcost.search.fronts import front_of
from convcost.search.grid import read_grid
from convcost.search.questions import NUMBERS, Question, columns_of, own_grid
from convcost.search.reduce import WORDS, Found, Partial, Search, merge, parts, words_needed
from convcost.search.rows import batches, is_missing
from convcost.search.select import Order
from convcost.search.sweep import Workers, read_search, require_exact, sweep_layers
from convcost.search.where import MISSING, SHAPING, Condition
from convcost.spec.errors import SpecError
from convcost.variants.registry import all_variants

#: Grids that together have every axis count, padding, dtype and setting; H and W, kH and kW differ.
GRIDS: list[tuple[str, dict[str, Any]]] = [
    ("3,16,24,64,100:8,16,64,96 @7,8x5,56x31 k3 s2", {}),
    ("8..64/8:16..48/16 @5,9,14 k5x3 bias int8 n1,2 p1", {}),
    ("6,12,33 @6..12/2 k4 s3 d2 psame-upper w8a16", {"activation": "relu"}),
    ("16..64/16:32,64 @9..40 k7 1d s2 d2 fp16 p0-3 bias=last", {"norm": True}),
    ("8,16,32:8,64 @4x9x7,5x6x11 k3 bf16 pvalid", {"residual": True}),
    ("32:64 @9x12 k3 mid=1..24 g1,2,4,8 binary", {}),
    ("32,64:64 @17x9 k3x5 ratio=1..9 e1..7 m1..4 int4", {"norm": True, "activation": "silu", "residual": True}),
    ("16,32:16,48 @7..30 k3 t s2 p1 op1 uint8", {}),
    ("64:64 @11x14 k3 s2x1 v1 mid=8,16,20 mode=reflect fp64", {"residual": True}),
    ("24,48:24,48 @12x15,20x9 k3 g1,2,3,4,6 d1x2 w4a8 psame-upper s2", {}),
    ("16..80/x2:8..128/x2 @8..64/x2 k1,3 fp8 bias", {}),
    ("12..40/4 @13..21 k5 mode=circular int16 n3 p2", {"activation": "hardswish"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "flags"), GRIDS)
def test_thousands_of_rows_are_what_compare_says(
    text: str, flags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every word and setting, also where a variant does not apply: 300 rows of each grid, 18 of each variant.

    By steps arranged by axis, as for millions of layers, in every second grid.
    """
    random = Random(text)
    if GRIDS.index((text, flags)) % 2:
        monkeypatch.setattr("convcost.search.tables.WORTH_ARRANGING", 1)
    for variant in all_variants():
        grids = [own_grid(grid, variant) for grid in read_grid(text.split(), flags)]
        for grid in grids:
            question = Question(grid, variant, (*NUMBERS, *SHAPING))
            columns = columns_of(question)
            found, exists = columns.answer(next(blocks(grid, 10**7)))
            for _ in range(18 // len(grids)):
                row = random.randrange(grid.layers)
                at = np.unravel_index(row, grid.shape)
                said = {word: column[at].item() for word, column in found.items()} if exists[at] else None
                assert said == one_by_one(variant, grid, row), (variant, grid.tokens(row))


def one_by_one(variant: str, grid: Any, row: int) -> dict[str, Any] | None:
    try:
        found = answer(variant, grid.spec(row))
    except SpecError:
        return None
    if found.words is None:
        return None
    settings = {word: found.settings.get(word, MISSING) for word in SHAPING}
    return {**{word: found.words[word] for word in NUMBERS}, **settings}


SMALL = "8..48/8:16..64/16 @7,14 k1,3 s1,2"


def small(**more: Any) -> Search:
    asked = {"where": "macs<=2M and not variant=pointwise", "best": "max:params,macs", "top": 9, "front": "params,macs"}
    return read_search(SMALL, ["standard", "bottleneck", "pointwise", "grouped"], **{**asked, **more})


def every_row(search: Search) -> list[dict[str, Any]]:
    """All rows that are chosen, one dict each, in their order."""
    rows = []
    for batch in batches(search):
        columns = {word: batch[word].tolist() for word in (*NUMBERS, "in_channels", "out_channels")}
        rows += [{"variant": batch["variant"], **dict(zip(columns, row))} for row in zip(*columns.values())]
    return rows


def test_what_is_best_is_the_first_of_all_rows() -> None:
    search = small(front="")
    rows = sorted(every_row(search), key=lambda row: (-row["params"], row["macs"]))
    found = reduced(search)
    assert [row.key for row in found.best] == [(-row["params"], row["macs"]) for row in rows[:9]]
    assert sum(chosen for _, (_, _, chosen) in found.counts) == len(rows)


def numbered_rows(search: Search) -> list[tuple[int, int, dict[str, Any]]]:
    """The words of all rows that are chosen, each with its question and its row in that grid, one layer at a time."""
    chosen = Condition(search.where, WORDS) if search.where else None
    rows = []
    for number, question in enumerate(search.questions):
        for row in range(question.grid.layers):
            found = answer(question.variant, question.grid.spec(row))
            words = {"variant": question.variant, **question.grid.row(row), **found.settings, **(found.words or {})}
            if found.words is not None and (chosen is None or chosen(words)):
                rows.append((number, row, words))
    return rows


def key_of(words: dict[str, Any], orders: tuple[Order, ...]) -> tuple[float, ...]:
    """What rows are compared by, the least being best."""
    return tuple([-words[order.word] if order.descending else words[order.word] for order in orders])


ASKED: list[dict[str, Any]] = [
    {"best": "macs", "top": 1}, {"best": "max:macs", "top": 3}, {"best": "max:macs,params", "top": 5},
    {"best": "macs", "top": 5, "where": "params>300"}, {"best": "max:peak_bytes,macs", "top": 4},
    {"best": "elementwise,max:peak_bytes", "top": 3, "where": "not variant=grouped or groups=2"},
    {"best": "max:params", "top": 500}, {"front": "params,max:macs"}, {"front": "max:params,macs,peak_bytes"},
    {"front": "macs", "best": "params", "top": 2}, {"where": "macs<1"}, {"where": "size=5 and in_channels<=6"},
    {"front": "max:arithmetic_intensity,macs"}, {"best": "max:arithmetic_intensity", "top": 3},
    {"where": "macs<1", "best": "macs", "top": 2, "front": "macs,params"},
]  # fmt: skip


@pytest.fixture(scope="module")
def everything() -> dict[str, list[tuple[int, int, dict[str, Any]]]]:
    """All rows by the condition that chooses them."""
    return {}


MIDDLES, SQUARES = "2..8/2:4,6 @3,5 k3 mid=1,2,3", "1..6:1..6 @3,5 k3"


@pytest.mark.parametrize(("text", "at_once"), [(MIDDLES, 2), (SQUARES, 24)])
@pytest.mark.parametrize("asked", ASKED)
def test_the_answer_to_a_search_is_that_of_going_through_all_rows(
    asked: dict[str, Any], text: str, at_once: int, everything: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row, in blocks of any size; what is left of them is answered a few at a time.

    Of a basic block as many channels in as out need no projection: a plan holds for the others, which are most.
    """
    monkeypatch.setattr("convcost.search.reduce.AT_ONCE", at_once)
    monkeypatch.setattr("convcost.search.chunks.TOGETHER", 3)
    variants = ["standard", "bottleneck", "grouped"] if text == MIDDLES else ["basic-block"]
    search = read_search(text, variants, **asked)
    if text + search.where not in everything:
        everything[text + search.where] = numbered_rows(search)
    rows = everything[text + search.where]
    found = reduced(search)
    for number, (layers, _, chosen) in found.counts:
        assert layers == search.questions[number].grid.layers
        assert chosen == len([one for one in rows if one[0] == number])
    best = sorted([(key_of(words, search.best), *place) for *place, words in rows])
    assert [one[:3] for one in found.best] == (best[: search.top] if search.best else [])
    points: dict[tuple[float, ...], list[tuple[int, int]]] = {}
    for number, row, words in rows:
        points.setdefault(key_of(words, search.front), []).append((number, row))
    front = {p: like for p, like in points.items()
             if not any([q != p and all([a <= b for a, b in zip(q, p)]) for q in points])}  # fmt: skip
    expected = [Found(p, *min(like), len(like)) for p, like in sorted(front.items())] if search.front else []
    assert sorted(found.front) == expected


def test_the_front_has_every_row_that_no_other_beats() -> None:
    found = reduced(small())
    points = [(row["params"], row["macs"]) for row in every_row(small())]
    front = {p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)}
    assert {row.key for row in found.front} == front
    assert {row.key: row.like for row in found.front} == {p: points.count(p) for p in front}


def test_the_order_of_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does their size, nor who works them out; merging is associative."""
    whole = reduced(small())
    monkeypatch.setattr("convcost.search.reduce.AT_ONCE", 7)
    search = small(top=9)
    several = list(parts(search, 20))
    assert len(several) > 20
    Random(3).shuffle(several)
    answers = [chunk(search, part) for part in several]
    left = right = Partial()
    for one in answers:
        left = merge(search, left, one)
    for one in reversed(answers):
        right = merge(search, one, right)
    assert left == right == whole
    assert in_threads(search, 3) == whole


@pytest.mark.parametrize(
    ("text", "layers", "found"),
    [
        # 2^26 layers are 256 blocks of 2^18; a part has 2^24 layers
        ("1..4096:1..4096 @1..4 k1", None, [(64 * n, 64 * n + 64, 1 << 24) for n in range(4)]),
        # 12 of the first channels, with 4096 of the second and 5 sizes each, are a block: 342 of them, 68 a part
        ("1..4096:1..4096 @1..5 k1", None, [(68 * n, min(342, 68 * n + 68), None) for n in range(6)]),
        ("1..512:1..512 @7 k1", None, [(0, 1, 1 << 18)]), ("1..512:1..513 @7 k1", 1, [(0, 1, None), (1, 2, None)]),
    ],
)  # fmt: skip
def test_parts_have_every_block_of_layers_once(text: str, layers: int | None, found: Any) -> None:
    """Of parts that do not come out even, how many layers they have is about right, and together all."""
    search = read_search(text, ["standard"])
    several = list(parts(search) if layers is None else parts(search, layers))
    assert {part.question for part in several} == {0}
    assert sum([part.layers for part in several]) == search.questions[0].grid.layers
    assert len(several) == len(found)
    assert [(part.first, part.last, count and part.layers) for part, (*_, count) in zip(several, found)] == found


def test_a_search_reads_the_words_that_it_asks_for_once() -> None:
    asked = small(where="macs<=2M and not variant=pointwise and in_channels>3", best="params,macs", front="peak_bytes")
    assert words_needed(asked) == ("macs", "params", "peak_bytes")
    assert words_needed(Search(())) == ()


def test_fronts_of_parts_are_joined_in_whole_numbers() -> None:
    """Beyond 2^53 doubles would take two of them for one."""
    search = Search((), "", (), 2, ())
    one = Partial(((0, (1, 2, 3)),), (), (Found((2**53 + 1, 4), 0, 7),))
    other = Partial(((0, (10, 20, 30)), (1, (1, 1, 1))), (), (Found((2**53, 5), 0, 3, 2), Found((2**53 + 1, 4), 1, 0)))
    joined = merge(search, one, other)
    assert joined.counts == ((0, (11, 22, 33)), (1, (1, 1, 1)))
    assert joined.front == (Found((2**53, 5), 0, 3, 2), Found((2**53 + 1, 4), 0, 7, 2))
    assert merge(search, Partial(), other) == merge(search, other, Partial()) == other
    halves = merge(search, Partial((), (), (Found((0.5, 1.5), 0, 0),)), Partial((), (), (Found((0.25, 2.0), 0, 1),)))
    assert [found.key for found in halves.front] == [(0.25, 2.0), (0.5, 1.5)]


def test_the_best_of_parts_are_joined_in_order() -> None:
    """As many as are kept; of equal ones the row that comes first."""
    search = Search((), top=2)
    one = Partial((), (Found((1,), 0, 5), Found((4,), 0, 6)))
    other = Partial((), (Found((1,), 0, 2), Found((2,), 0, 9)))
    assert merge(search, one, other).best == (Found((1,), 0, 2), Found((1,), 0, 5))
    assert merge(search, one, Partial()) == merge(search, Partial(), one) == one


@pytest.mark.parametrize(
    ("workers", "who"),
    [
        (Workers(), ("reduced",)), (Workers(2), ("in_threads", 2)), (Workers(7), ("in_threads", 7)),
        (Workers(0), ("reduced",)), (Workers(3, 2), ("on_cluster", "", 2)),
        (Workers(1, 0, "a:1"), ("on_cluster", "a:1", 0)),
    ],
)  # fmt: skip
def test_a_search_is_worked_out_by_whom_it_is_given_to(
    workers: Workers, who: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    for name in ("reduced", "in_threads", "on_cluster"):
        monkeypatch.setattr(sweep, name, lambda search, *given, name=name: asked.append((name, *given[:-1])))  # noqa: ARG005  bound
    workers.reduce(small(), lambda _: None)
    assert asked == [who]


@pytest.mark.parametrize("worker", [reduced, lambda search, tell: in_threads(search, 2, tell)])
def test_how_many_layers_are_done_is_told_after_each_part(worker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convcost.search.reduce.AT_ONCE", 7)
    monkeypatch.setattr("convcost.search.reduce.parts.__defaults__", (20,))
    told: list[int] = []
    search = small(front="")
    worker(search, told.append)
    assert told == sorted({*told})
    assert told[-1] == sum([question.grid.layers for question in search.questions])
    assert len(told) > 20


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler in a process of its own that knows no convcost, and two workers that do."""
    file, root = tmp_path / "scheduler.json", str(Path(convcost.__file__).parents[1])
    dask = [sys.executable, "-m", "dask"]
    usual = ["--scheduler-file", str(file), "--no-dashboard", "--host", "127.0.0.1"]
    single = [*dask, "worker", *usual, "--nthreads", "1", "--no-nanny"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    scheduler = subprocess.Popen([*dask, "scheduler", *usual, "--port", "0"], **quiet)
    workers = [subprocess.Popen(single, env={**os.environ, "PYTHONPATH": root}, **quiet) for _ in range(2)]
    try:
        yield json.loads(awaited(file))["address"], workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def awaited(file: Path) -> str:
    """What stands in a file, when it is there."""
    for _ in range(300):
        if file.exists() and (text := file.read_text()):
            return text
        sleep(0.1)
    pytest.fail("the scheduler has not begun")


@pytest.mark.needs("distributed")
def test_a_killed_worker_of_a_cluster_changes_nothing(cluster: tuple[str, list[subprocess.Popen[bytes]]]) -> None:
    """Dask works out again what was lost with it; the loop says the same, bit for bit."""
    address, workers = cluster
    search = small()
    with distributed_client(address, len(workers)) as client:
        assert gathered_by(client, search, lambda _: workers[0].kill()) == reduced(search)
    assert workers[0].wait() < 0
    assert workers[1].poll() is None
    assert on_cluster(search, address) == reduced(search)


def distributed_client(address: str, workers: int) -> Any:
    """A client of so many workers."""
    from distributed import Client

    client = Client(address)
    client.wait_for_workers(workers)
    return client


@pytest.mark.parametrize(("address", "message"), [
    ("tcp://127.0.0.1:1", "no cluster at tcp://127.0.0.1:1"), ("nowhere", "missing port"), ("a://b:1", "scheme 'a'"),
])  # fmt: skip
@pytest.mark.needs("distributed")
def test_an_address_where_no_cluster_is_is_bad_input(
    address: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("convcost.search.cluster.PATIENCE", "0.3s")
    assert run(["sweep", "16,32 @7 k3", "--cluster", address]) == 2
    assert message in capsys.readouterr().err


@settings(max_examples=40)
@given(st.lists(st.tuples(*[st.integers(0, 6)] * 3), max_size=40))
def test_a_front_of_many_points_is_one_of_pairs(points: list[tuple[int, int, int]]) -> None:
    """The first of equal ones."""
    found = [points[at] for at in front_of(np.array(points, np.int64).reshape(-1, 3))]
    beaten = {p for p in points for q in points if p != q and all(b <= a for a, b in zip(p, q))}
    assert sorted(found) == sorted({*points} - beaten)


@pytest.mark.parametrize("together", [1, 2, 7, 256])
def test_a_front_is_the_same_however_many_points_are_sorted_out_at_a_time(
    together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convcost.search.fronts.TOGETHER", together)
    points = np.random.default_rng(2).integers(0, 9, (300, 3))
    listed = [tuple(point) for point in points.tolist()]
    wanted = {
        p: listed.index(p) for p in listed if not any(q != p and all(b <= a for a, b in zip(p, q)) for q in listed)
    }
    assert front_of(points).tolist() == sorted(wanted.values())
    assert front_of(points[:0]).tolist() == []


@pytest.mark.needs("moocore")
def test_moocore_and_sorting_agree() -> None:
    points = np.random.default_rng(1).integers(0, 400, (25_000, 3))
    from convcost.search.fronts import _by_sorting

    assert front_of(points).tolist() == _by_sorting(points).tolist()


def written(search: Search, ending: str) -> bytes:
    file = io.BytesIO()
    with rows_to(file, ending) as write:
        for batch in batches(search):
            write(batch)
    return file.getvalue()


def test_rows_come_in_batches_of_65536_and_say_how_many_layers_are_done() -> None:
    """A setting that a row does not have is -1; one that varies is what it is."""
    search = read_search("1..512:1..256 @7 k1 m3,4", ["standard", "depthwise-separable"], "groups<3 or in_channels>0")
    told: list[int] = []
    found = batches(search, told.append)
    first, second, third = next(found), next(found), next(found)
    assert [len(batch["params"]) for batch in (first, second, third)] == [1 << 16] * 3
    assert told == [1 << 16, 1 << 17]
    assert {*first["depth_multiplier"].tolist()} == {*first["mid_channels"].tolist()} == {-1}
    assert {*third["depth_multiplier"].tolist()} == {3, 4}
    assert is_missing(first["groups"]).all()
    assert numpy_records(first)[:2].tolist() == [
        ("standard", "1:1 @7 k1", 1, 1, "7x7", -1, -1, -1, -1, -1, 1, 49, 49, 98, 0, 49, 4, 196, 392, 396, 98 / 396),
        ("standard", "1:2 @7 k1", 1, 2, "7x7", -1, -1, -1, -1, -1, 2, 98, 98, 196, 0, 98, 8, 392, 588, 596, 196 / 596),
    ]  # fmt: skip


def test_a_csv_has_every_row_and_its_layer() -> None:
    """Pasted into `compare` the layer of each line gives its numbers."""
    search = read_search("16,32:32 @7,9x5 k3 mid=4,8", ["bottleneck", "grouped"], "macs<=1M")
    rows = list(csv.DictReader(io.StringIO(written(search, ".csv").decode())))
    assert len(rows) == len(every_row(search)) > 5
    for row in rows:
        from convcost.spec import parse_spec

        spec = parse_spec(row["spec"])
        words = answer(row["variant"], spec).words
        assert words is not None
        assert [row[word] for word in NUMBERS] == [str(words[word]) for word in NUMBERS]
        assert row["input_size"] == "x".join(map(str, spec.input_size))
        assert (row["mid_channels"] == "") == (row["variant"] == "grouped")


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
@pytest.mark.needs("pyarrow")
def test_columnar_files_have_the_rows_of_the_csv(ending: str) -> None:
    import pyarrow
    from pyarrow import ipc, parquet

    search = read_search("16,32:32 @7,9 k3 mid=4,8", ["bottleneck", "grouped"])
    file = io.BytesIO(written(search, ending))
    table = parquet.read_table(file) if ending == ".parquet" else ipc.open_file(file).read_all()
    rows = list(csv.DictReader(io.StringIO(written(search, ".csv").decode())))
    assert isinstance(table, pyarrow.Table)
    assert [
        {key: "" if value is None else str(value) for key, value in row.items()} for row in table.to_pylist()
    ] == rows


@pytest.mark.parametrize(
    ("text", "largest"),
    [
        ("1..900000000000000000/100000000000000000 @7 k3", "800000000000000001 @7 k3"),
        ("100000000 @100000000 k3", "100000000 @100000000 k3"),
    ],
)
def test_numbers_that_do_not_fit_are_refused_before_anything_is_worked_out(text: str, largest: str) -> None:
    """The largest layer is shown, as a whole."""
    search = read_search(text, ["standard"])
    with pytest.raises(SpecError, match=r"standard: .* 64-bit") as caught:
        require_exact(search)
    assert (caught.value.text, caught.value.start, caught.value.end) == (largest, 0, len(largest))
    with pytest.raises(SpecError, match="64-bit"):
        sweep_layers(search, text, tell=lambda _: pytest.fail("it has begun"))


def test_settings_make_rows_of_the_variants_that_have_them() -> None:
    search = read_search("16:32 @7 k3 e1..5", ["inverted-residual", "standard"])
    assert sweep_layers(search, "").counts == (("inverted-residual", 5, 5, 5), ("standard", 1, 1, 1))


def test_building_blocks_are_in_a_front_only_where_they_are_named() -> None:
    text = "16,32:32 @7,9 k3"
    found = sweep_layers(read_search(text, front="params,macs"), text)
    assert "depthwise" not in {row.answer.variant for row, _ in found.front}
    named = sweep_layers(read_search(text, ["depthwise", "grouped"], front="params,macs"), text)
    assert {row.answer.variant for row, _ in named.front} == {"depthwise"}


@pytest.mark.parametrize("words", [
    "16,32:32 @7,9 k3", "16..64/16 @7,14 k3 --where macs<=1M --best max:params --top 3",
    "16..64/16 @7,14 k3,5 --front params,peak_bytes --no-verify", "16..64/16 @7 k3 --where groups>4 --top 2",
])  # fmt: skip
def test_the_command_answers_in_json_that_the_schema_has(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", *words.split(), "--format", "json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert [error.message for error in VALID.iter_errors(document)] == []
    assert err == ""
    wanted = "skipped" if "--no-verify" in words else "verified"
    assert {row["verified"]["status"] for row in (*document["best"], *document["front"])} <= {wanted}


def test_a_file_of_rows_appears_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "costs.csv"
    assert run(["sweep", "16,32 @7 k3", "-o", str(path)]) == 0
    assert len(path.read_text().splitlines()) > 10
    path.unlink()

    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("convcost.search.files.lines_of_rows", interrupted)
    assert run(["sweep", "16,32 @7 k3", "-o", str(path)]) == 130
    assert list(tmp_path.iterdir()) == []
    capsys.readouterr()


@pytest.mark.parametrize(("words", "message"), [
    ("16..32 @7 q3", "unknown token 'q3'"), ("16..32 k3", "input size is missing"), ("16..8 @7 k3", "has no numbers"),
    ("16 @7 k3 --where foo<3", "unknown word"), ("16 @7 k3 --where macs<5%", "share of what"),
    ("16 @7 k3 --front variant", "unknown word"), ("1..100000:1..100000 @1..100000 k3", "too many"),
    ("16 @7 k3 -o x.csv --workers 2", "several processes"),
])  # fmt: skip
def test_what_cannot_be_asked_is_said(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", *words.split()]) == 2
    assert message in capsys.readouterr().err


def test_points_of_a_front_are_pairwise_unbeaten() -> None:
    keys = [row.key for row in reduced(small()).front]
    assert all(not (a <= c and b <= d) for (a, b), (c, d) in permutations(keys, 2))


@pytest.mark.parametrize("front", ["", "params,macs"])
@pytest.mark.parametrize("variant", ["standard", "bottleneck", "inverted-residual", "grouped"])
@pytest.mark.needs("numba")
def test_a_kernel_says_what_numpy_says(variant: str, front: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of rows that its plan does not hold for, and whatever the condition."""
    from convcost.search import chunks, reduce

    where = "macs<=300k or (variant!=grouped and in_channels=7 and not groups>3)" if front else "macs<=3M"
    search = read_search("1..24:1..20 @3..42 k3", [variant], where, "" if front else "max:params,macs", None, front)
    plain = reduced(search)
    chunks._asker.cache_clear()
    monkeypatch.setattr(chunks, "WORTH", 1)
    monkeypatch.setattr(reduce, "AT_ONCE", 5000)
    assert reduced(search) == plain
    assert (chunks._asker(search, 0)._kernel is not None) == (variant != "grouped")
    chunks._asker.cache_clear()
