"""`convcost variants`: what there is, one line each."""

from __future__ import annotations

from ..variants.registry import all_variants

EPILOG = """
Example:

  convcost variants
"""


def variants() -> None:
    """List the variants, one a line: name, role, structure."""
    entries = all_variants().values()
    name, role = (max(map(len, column)) for column in zip(*[(v.name, v.role) for v in entries]))
    for v in entries:
        print(f"{v.name:<{name}}  {v.role:<{role}}  {v.summary}")
