"""What trained kernels would lose: the table of each kind of answer, its notes, and its document, from made records."""

from __future__ import annotations

import pytest
from tables import each

from convcost.answers.check import Check, Verified
from convcost.report.separation import separation_document, separation_lines
from convcost.report.separation_tables import separation_table
from convcost.spec import parse_spec
from convcost.trained.answer import Asked, DeadParts, Removal, Saved, Separated, Separation, Smaller
from convcost.trained.rows import Row

SPEC = parse_spec("4:8 @6 k3")
GOOD, SMALL = Verified("verified", "full", {}), Verified("reduced", {}, {})
WRONG = Verified("mismatch", "full", {
    "kernel": Check(1, 2, False), "rank": Check(1, 1, True), "full rank": Check(1, 3, False), "noise": Check(1, 1, None)
})  # fmt: skip


def row(variant: str = "low-rank", error: float = 0.25, macs: int = 500, **words: object) -> Row:
    start = Row(variant, "in", (2,), error, 0.5, macs, 90, parse_spec("4:2 @6 k3"))
    return start._replace(**words)


def layer(name: str = "a", macs: int = 1000, **words: object) -> Separated:
    return Separated(name, SPEC, macs, 288, **words)


def asked(*layers: Separated, macs: float | None = None, error: float | None = None, **words: object) -> Separation:
    return Separation("net", Asked(macs, error), layers, **words)


def cells(found: Separation) -> dict[str, list[str]]:
    """Of each column its cells, and of "" the names."""
    table = separation_table(found)
    lines = [line for section in table.sections for line in section.lines]
    return {"": [line.name for line in lines], **{
        head.key: [line.cells[at] for line in lines] for at, head in enumerate(table.heads)
    }}  # fmt: skip


def notes(found: Separation, start: str = "") -> list[str]:
    return [note for note in separation_table(found).notes if note.startswith(start)]


@each(
    ("found", "label", "keys"),
    [
        (asked(layer()), "variant", "order rank error noise macs relative params spec"),
        (asked(layer(), input="x.npy"), "variant", ""),
        (asked(layer(rows=(row(),)), input="x.npy"), "variant",
         "order rank error output_error noise macs relative params spec"),
        (asked(layer(), layer("b")), "layer", "spec dead macs best"),
        (asked(layer(), macs=0.5), "layer", "variant spec macs relative error noise"),
        (asked(layer(), layer("b"), error=0.1), "layer", "variant spec macs relative error noise"),
        (asked(layer(), layer("b"), error=0.1, input="x.npy"), "layer",
         "variant spec macs relative error noise output_error"),
    ],
)  # fmt: skip
def test_the_question_decides_what_a_line_is(found: Separation, label: str, keys: str) -> None:
    """Of one layer a variant, of more a layer; of a budget what each layer becomes."""
    table = separation_table(found)
    assert table.label == label
    if found.layers[0].rows or label == "layer":
        assert [head.key for head in table.heads] == keys.split()
    else:
        assert (table.heads, table.sections) == ((), ())


def test_a_layer_says_the_best_of_each_budget() -> None:
    """Beside the noise; the variant is that of the second budget, a half."""
    best = ((0.75, row("grouped", 0.125)), (0.5, row("low-rank", 0.004, noise=None)), (0.25, None))
    found = cells(asked(
        layer("a", best=best, dead=DeadParts(1, 2, 3, 0)), layer("b", dead=DeadParts(0, 0, 0, 5), macs=0),
        Separated("c", None, 5, 0), layer("d", reason="no kernel"),
    ))  # fmt: skip
    assert found["at.0.75"][:3] == ["0.12 of 0.50", "–", "–"]
    assert found["at.0.5"][:3] == ["0.004 of –", "–", "–"]
    assert found["at.0.25"][:3] == ["–"] * 3
    assert found["best"][:3] == ["low-rank", "–", "–"]
    assert found["dead"][:3] == ["1·2·3", "0", "–"]
    assert found["spec"][:3] == ["4:8 @6 k3", "4:8 @6 k3", "–"]
    assert found["macs"][:3] == ["1000", "–", "5"]


@pytest.mark.parametrize(
    ("found", "priorities"),
    [
        (asked(layer(rows=(row(),)), input="x.npy"), [5, None, None, None, 1, 3, None, 4, 2]),
        (asked(layer(best=((0.75, row()), (0.5, row()))), layer("b")), [3, 1, 2, None, None, 4]),
        (asked(layer(), error=0.1, input="x.npy"), [4, 1, 3, None, None, 2, None]),
    ],
)
def test_errors_stay_and_what_explains_them_goes(found: Separation, priorities: list[int | None]) -> None:
    """The highest first; a spec, to go on with, is wanted more than what a variant costs."""
    assert [head.priority for head in separation_table(found).heads] == priorities


def test_shares_head_their_columns() -> None:
    best = ((0.75, row()), (0.5, row()), (0.25, row()))
    heads = separation_table(asked(layer(best=best), layer("b"))).heads
    assert [head.words for head in heads[3:]] == [
        "at ¾ MACs error of noise", "at ½ MACs error of noise", "at ¼ MACs error of noise", "best at ½"
    ]  # fmt: skip
    one = separation_table(asked(layer(best=best[:1]), layer("b")))
    assert one.heads[-1].words == "best"
    assert cells(asked(layer(best=best[:1]), layer("b")))["best"] == ["–", "–"]


def test_a_layer_without_rows_says_why() -> None:
    for question in ({}, {"error": 0.1}):
        found = separation_table(asked(layer("a"), layer("b", reason="it has no weights"), **question))
        assert [line.reason for line in found.sections[0].lines][:2] == [None, "it has no weights"]


@each(
    ("error", "shown"),
    [(0.2149, "0.21"), (0.01, "0.01"), (0.0094, "0.009"), (1.1e-6, "1e-06"), (1e-6, "0"), (0.0, "0")],
)  # fmt: skip
def test_an_error_has_two_decimals_or_one_digit(error: float, shown: str) -> None:
    """Up to a millionth it is none."""
    assert cells(asked(layer(rows=(row(error=error),))))["error"] == [shown]


def test_variants_of_one_layer() -> None:
    """Ranks beside each other, the share of the layer's multiply-adds, groups behind the spec."""
    rows = (row("low-rank", macs=250, verified=GOOD), row("tucker", ranks=(2, 3), groups=2, verified=SMALL),
            row("grouped", ranks=(), groups=4, verified=WRONG), row("last", noise=None))  # fmt: skip
    found = asked(layer(rows=rows))
    shown = cells(found)
    assert shown["rank"] == ["2", "2x3", "–", "2"]
    assert shown["relative"] == ["0.25×", "0.50×", "0.50×", "0.50×"]
    assert shown["spec"] == ["4:2 @6 k3", "4:2 @6 k3 (2×)", "4:2 @6 k3", "4:2 @6 k3"]
    assert shown["noise"] == ["0.50", "0.50", "0.50", "–"]
    lines = separation_table(found).sections[0].lines
    assert [line.mark for line in lines] == ["✓", "✓*", "✗", ""]
    assert cells(asked(layer(macs=0, rows=rows[:1])))["relative"] == ["–"]


@each(
    ("file", "name", "title"),
    [("net", "a", "net, a"), ("a.npy", "a", "a.npy"), ("a", "a", "a"), ("a.b", "b", "a.b, b")],
)
def test_a_title_names_the_layer_where_the_file_does_not(file: str, name: str, title: str) -> None:
    assert separation_table(asked(layer(name))._replace(name=file)).title == title


@each(
    ("layers", "facts"),
    [
        ((layer(macs=27_500_000),), ("4:8 @6 k3", "27.5 M MACs")), ((layer(macs=999),), ("4:8 @6 k3", "999 MACs")),
        ((layer(macs=0),), ("4:8 @6 k3",)), ((Separated("a", None, 7, 0),), ()),
        ((layer(), layer("b", macs=500)), ("2 convolutions", "1.5 K MACs")),
    ],
)  # fmt: skip
def test_a_title_says_the_layer_or_how_many_and_their_products(
    layers: tuple[Separated, ...], facts: tuple[str, ...]
) -> None:
    assert separation_table(asked(*layers)).facts == facts


def test_a_budget_says_what_each_layer_becomes() -> None:
    """What stays has no error; together is the sum, and its share of what there was."""
    chosen = row("grouped", 0.125, 400, noise=0.5, output_error=0.0625)
    layers = (layer("a", best=((0.5, chosen),)), layer("b", macs=600), Separated("c", None, 0, 0, reason="no kernel"))
    found = asked(*layers, macs=0.5, input="x.npy")
    shown = cells(found)
    assert shown[""] == ["a", "b", "c", "together"]
    assert [shown[key][:2] + shown[key][3:] for key in ("variant", "spec", "error", "noise", "output_error")] == [
        ["grouped", "stays", "–"], ["4:2 @6 k3", "4:8 @6 k3", "–"], ["0.12", "0", "–"], ["0.50", "–", "–"],
        ["0.06", "–", "–"],
    ]  # fmt: skip
    assert shown["macs"][:2] + shown["macs"][3:] == ["0.4", "0.6", "1.0"]
    assert shown["relative"][:2] + shown["relative"][3:] == ["0.400×", "1.000×", "0.625×"]
    lines = separation_table(found).sections[0].lines
    assert [line.is_baseline for line in lines] == [False, False, False, True]
    assert [line.reason for line in lines] == [None, None, "no kernel", None]
    none = cells(asked(layer(macs=0), macs=0.5))
    assert (none["macs"], none["relative"]) == (["–", "0"], ["–", "–"])


@each(
    ("layers", "question", "first"),
    [
        ((layer(),), {"error": 0.1},
         "· none is cheaper within 10 %: no family of any layer loses so little for fewer MACs"),
        ((layer(), layer("b", best=((1.0, row()),))), {"error": 0.125},
         "· none is cheaper within 12.5 %: 1 of 2 layers stay"),
        ((layer(), layer("b", best=((1.0, row()),)), layer("c", reason="none")), {"error": 0.125},
         "· none is cheaper within 12.5 %: 1 of 2 layers stay"),
        ((layer(), layer("c", reason="none")), {"error": 0.5},
         "· none is cheaper within 50 %: no family of any layer loses so little for fewer MACs"),
        ((layer(best=((1.0, row()),)),), {"error": 0.125}, "· each layer by itself: "),
        ((layer("c", reason="none"),), {"error": 0.125}, "· each layer by itself: "),
        ((layer(best=((0.5, row(macs=501)),)),), {"macs": 0.5}, "· no ranks are that cheap"),
        ((layer(best=((0.5, row(macs=500)),)),), {"macs": 0.5}, "· ranks are allocated: "),
        ((layer(macs=0),), {"macs": 0.5}, "· ranks are allocated: "),
    ],
)  # fmt: skip
def test_a_budget_says_what_its_answer_means(
    layers: tuple[Separated, ...], question: dict[str, float], first: str
) -> None:
    """A layer that cannot be looked at does not count."""
    assert notes(asked(*layers, **question))[0].startswith(first)


@pytest.mark.parametrize(
    ("exact", "said"),
    [
        ((("low-rank", 2, 4), ("tucker", 4, 4)), ["· nothing is lost by low-rank at rank 2 of 4"]),
        ((("low-rank", 2, 4), ("tucker", 3, 4)),
         ["· nothing is lost by low-rank at rank 2 of 4 and tucker at rank 3 of 4"]),
        ((("tucker", 4, 4),), []),
    ],
)  # fmt: skip
def test_ranks_that_lose_nothing_are_named(exact: tuple[tuple[str, int, int], ...], said: list[str]) -> None:
    """Where they are less than the full one."""
    assert notes(asked(layer(exact=exact)), "· nothing") == said


@each(
    ("dead", "said"),
    [
        (None, []), (DeadParts(0, 0, 0, 0), []), (DeadParts(0, 0, 0, 2), []),
        (DeadParts(1, 0, 0, 0), ["· dead: 1 out-channel"]),
        (DeadParts(2, 1, 0, 0), ["· dead: 2 out-channels and 1 in-channel"]),
        (DeadParts(0, 0, 3, 1), ["· dead: 3 taps, of which 1 only ever meet padding at this size"]),
    ],
)  # fmt: skip
def test_dead_parts_of_one_layer_are_counted(dead: DeadParts | None, said: list[str]) -> None:
    assert notes(asked(layer(dead=dead)), "· dead") == said


def test_notes_say_what_an_error_is_and_what_was_folded() -> None:
    """Once, and only where there are rows; of more layers than one, the first note of each that was stored coarsely."""
    said = "· weight error is"
    assert notes(asked(layer()), said) == []
    assert len(notes(asked(layer(rows=(row(),))), said)) == 1
    assert len(notes(asked(layer(), layer("b", best=((0.5, row()),))), said)) == 1
    coarse = layer(rows=(row(),), storage=0.01, notes=("stored in int8", "a BatchNorm behind it"))
    assert notes(asked(coarse), "· a: ") == ["· a: stored in int8", "· a: a BatchNorm behind it"]
    assert notes(asked(coarse, layer("b")), "· a: ") == ["· a: stored in int8"]
    assert notes(asked(coarse._replace(storage=None)), "· a: ") == []
    assert notes(asked(coarse, layer("b", notes=("a BatchNorm",)), layer("c")), "· of ") == [
        "· of 2 layers the BatchNorm behind them is folded into the weights first"
    ]  # fmt: skip


def test_what_is_not_looked_at_is_said() -> None:
    found = asked(layer(reason="it has no weights", missing=(("tucker", "one axis"),)), inside=3, notes=("by hand",))
    assert notes(found) == [
        "– tucker does not apply: one axis",
        "– 3 convolutions inside of branches, loops or functions are not looked at", "– it has no weights", "· by hand",
    ]  # fmt: skip
    assert notes(asked(layer(reason="it has no weights"), layer("b")), "–") == []
    assert notes(asked(layer(filter="it blurs"))) == ["· it blurs"]


def test_rows_that_were_executed_are_told_of() -> None:
    """What is wrong is named; of one layer rows are marked, of more the layers."""
    told = [note[:60] for note in notes(asked(layer(rows=(row(verified=GOOD), row(verified=WRONG)))), "✗")]
    assert told == ["✗ a as low-rank: executed, kernel and full rank came out dif"]
    one, more = asked(layer(rows=(row(verified=GOOD),))), asked(layer(best=((0.5, row(verified=SMALL)),)), layer("b"))
    assert notes(one, "✓ ")[0].startswith("✓ executed in this run: marked rows, ")
    assert notes(one, "✓*") == []
    assert notes(more, "✓ ")[0].startswith("✓ executed in this run: the rows of marked layers, ")
    assert notes(more, "✓*") == ["✓* executed on a smaller input, of the same channels and border"]
    assert notes(asked(layer(rows=(row(),))), "✓") == []
    assert [line.mark for line in separation_table(more).sections[0].lines] == ["✓*", ""]


TOTAL, NOTHING = Saved(1000, 4000, 4096), Saved(0, 0, 0)
HALF = Saved(500, 1000, 2048)


def smaller(count: int, *verified: Verified | None) -> tuple[Smaller, ...]:
    seen = [*verified, *[None] * (count - len(verified))]
    return tuple([Smaller(f"l{at}", SPEC, parse_spec("4:7 @6 k3"), one) for at, one in enumerate(seen)])


OUT = "500 params (50.0 %), 25.0 % of the MACs, 2 KiB"
NAMES = [f"l{at} to 4:7 @6 k3" for at in range(3)]


@each(
    ("removal", "said"),
    [
        (None, []), (Removal(NOTHING, NOTHING, NOTHING, ()), []),
        (Removal(TOTAL, NOTHING, NOTHING, ()), ["· dead: nothing that could be taken out"]),
        (Removal(TOTAL, HALF, NOTHING, ()), [
            f"· dead: at most {OUT} of the convolutions",
            "· of this nothing can be taken out, as other operations need the channels",
        ]),
        (Removal(TOTAL, HALF, HALF, smaller(2)), [
            f"· dead: at most {OUT} of the convolutions", f"· can be taken out: {OUT}: {NAMES[0]} and {NAMES[1]}",
        ]),
        (Removal(TOTAL, NOTHING, HALF, smaller(3, GOOD)), [
            "· dead: at most 0 params (0.0 %), 0.0 % of the MACs, 0 B of the convolutions",
            f"✓ can be taken out: {OUT}, each layer executed with and without it: the same output: "
            f"{NAMES[0]}, {NAMES[1]} and {NAMES[2]}",
        ]),
        (Removal(TOTAL, HALF, HALF, smaller(4, GOOD, WRONG)), [
            f"· dead: at most {OUT} of the convolutions",
            f"✗ can be taken out: {OUT}, which an execution contradicts: {', '.join(NAMES)} and "
            "1 more (--format json)",
        ]),
        (Removal(Saved(1000, 0, 4096), Saved(1, 0, 4), NOTHING, ()), [
            "· dead: at most 1 params (0.1 %), 0.0 % of the MACs, 4 B of the convolutions",
            "· of this nothing can be taken out, as other operations need the channels",
        ]),
    ],
)  # fmt: skip
def test_what_is_dead_in_a_network_and_what_taking_it_out_saves(removal: Removal | None, said: list[str]) -> None:
    """Three layers are named."""
    found = asked(layer(), layer("b"), removal=removal)
    assert [note for note in notes(found) if "dead" in note or "taken out" in note] == said


def test_a_document_has_each_row_once() -> None:
    """A row that is the best of several budgets has the largest of them; infinities are words."""
    best = row("grouped", ranks=(3,))
    endless = row("tucker", ranks=(2, 3), verified=Verified("mismatch", "full", {
        "error": Check(0.5, float("inf"), False), "other": Check(0.5, 0.25, False),
    }))  # fmt: skip
    found = asked(layer(rows=(row(), endless, row("none", ranks=())), best=((0.75, best), (0.5, best), (0.25, None))))
    document = separation_document(found)
    rows = document["layers"][0]["families"]
    assert [(one["variant"], one["rank"], one["share"]) for one in rows] == [
        ("low-rank", 2, None), ("tucker", [2, 3], None), ("none", None, None), ("grouped", 3, 0.75)
    ]  # fmt: skip
    checks = rows[1]["verified"]["checks"]
    assert (checks["error"]["measured"], checks["other"]["measured"]) == ("inf", 0.25)
    assert rows[0]["verified"]["status"] == "skipped"
    assert [line["variant"] for line in separation_lines(found, document)] == ["low-rank", "tucker", "none", "grouped"]


def test_a_document_says_what_the_question_leaves_open() -> None:
    plain, budget, error = asked(layer()), asked(layer(), macs=0.5), asked(layer(), error=0.1)
    assert [separation_document(one)["macs_after"] for one in (plain, budget, error)] == [None, 1000, 1000]
    bare = separation_document(asked(Separated("a", None, 0, 0)))["layers"][0]
    assert (bare["spec"], bare["dead"], bare["reason"], bare["filter"]) == (None, None, None, None)
    full = separation_document(asked(
        layer(dead=DeadParts(1, 2, 3, 0), reason="no", filter="blur"),
        removal=Removal(TOTAL, HALF, HALF, smaller(1, GOOD)),
    ))  # fmt: skip
    assert full["layers"][0]["dead"] == {"out": 1, "in": 2, "taps": 3, "on_padding": 0}
    assert (full["layers"][0]["reason"], full["layers"][0]["filter"]) == ("no", "blur")
    assert [one["after"] for one in full["dead"]["layers"]] == ["4:7 @6 k3"]
    assert (separation_document(plain)["dead"], separation_document(plain)["input"]) == (None, None)
    assert separation_document(plain._replace(input="x.npy"))["input"] == "x.npy"
    lines = list(
        separation_lines(asked(Separated("a", None, 0, 0)), separation_document(asked(Separated("a", None, 0, 0))))
    )
    assert lines == [{"layer": "a", "layer_spec": None, "layer_macs": 0, "reason": None, "dead": {}}]
    dead = asked(layer(dead=DeadParts(1, 2, 3, 0), rows=(row(),)))
    (line,) = separation_lines(dead, separation_document(dead))
    assert (line["dead"]["in"], line["layer_spec"], line["variant"]) == (2, "4:8 @6 k3", "low-rank")
