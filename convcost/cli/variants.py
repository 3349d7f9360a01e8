"""`convcost variants`: what there is, one line each."""

from __future__ import annotations

from ..variants.registry import all_variants
from .listing import listing, width_of
from .options import Destination

EPILOG = """
Examples:

  convcost variants

  convcost variants --format csv
"""

#: Longer than any line: what is no terminal gets one a variant.
ENDLESS = 1000


def variants(
    *,
    to: Destination,
) -> None:
    """List the variants, one a line: name, role, structure."""
    entries = all_variants().values()
    with to.open() as (file, written):
        if written == "table":
            lines = [((v.name, v.role), [v.summary]) for v in entries]
            file.writelines(listing(lines, width_of(file, ENDLESS)))
            return
        from ..report.listings import VARIANTS, write_listing

        documents = [{"name": v.name, "role": v.role, "summary": v.summary} for v in entries]
        write_listing(VARIANTS, documents, written, file)
