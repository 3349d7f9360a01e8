"""The run time of what is explained, beside the standard convolution, where the answer says when it will not help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..answers.comparison import compare_variants
from ..checks.verifier import DEFAULT_LIMIT
from ..spec import LayerSpec, SpecError, format_spec
from ..timing.answer import measure_comparison
from ..timing.engines import best_engine
from .topics import RESIDUAL

#: Seconds that all of them are measured for, and about so many rounds.
SECONDS, ROUNDS = 3.0, 70


def check_timed(topics: Sequence[str]) -> None:
    """SpecError for a shortcut alone."""
    if {*topics} == {RESIDUAL}:
        raise SpecError("a shortcut alone is not timed", "convcost explain basic-block --measure")


def time_explained(document: dict[str, Any], spec: LayerSpec, step: Callable[[str], None]) -> list[str]:
    """Put the run time of each variant into the document; what is to be said about that: the engine, who has none."""
    explained = {one["topic"]: one for one in document["explanations"] if one["topic"] != RESIDUAL}
    engine, note = best_engine()
    compared = compare_variants(spec, list(dict.fromkeys(["standard", *explained])))
    notes = [note] if note else []
    for row in measure_comparison(compared, engine, DEFAULT_LIMIT, SECONDS, step).rows:
        if row.variant in explained and row.measured is not None:
            explained[row.variant]["will_not_help"]["run_time"] = row.measured._asdict()
        elif row.variant in explained:
            notes.append(f"{row.variant} is not timed here: convcost time {format_spec(spec)} says why")
    return notes
