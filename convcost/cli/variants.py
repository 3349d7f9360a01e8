"""`convcost variants`: what there is, one line each."""

from __future__ import annotations

from ..variants.registry import EVERY, Variant, all_variants
from .listing import listing, width_of
from .options import Destination

EPILOG = """
Examples:

  convcost variants

  convcost variants --format csv
"""

#: Longer than any line: what is no terminal gets one a variant.
ENDLESS = 1000


def _line(v: Variant) -> str:
    """Its structure, and when `compare` shows it, if not always."""
    axes = " or ".join([f"{n}d" for n in v.shown])
    when = "" if v.shown == EVERY else f"; compare shows it of {axes} layers" if axes else "; shown when named"
    return v.summary + when


def variants(
    *,
    to: Destination,
) -> None:
    """List the variants, one a line: name, role, structure, and when compare shows it without being asked."""
    entries = all_variants().values()
    with to.open() as (file, written):
        if written == "table" and written.columns is None:
            lines = [((v.name, v.role), [_line(v)]) for v in entries]
            file.writelines(listing(lines, width_of(file, ENDLESS)))
            return
        from ..report.listings import VARIANTS, write_listing

        documents = [
            {"name": v.name, "role": v.role, "summary": v.summary, "shown": [f"{n}d" for n in v.shown]} for v in entries
        ]
        write_listing(VARIANTS, documents, written, file)
