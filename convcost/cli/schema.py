"""`convcost schema`: the JSON Schema of the JSON answers."""

from __future__ import annotations

EPILOG = """
Example:

  convcost schema > schema.json
"""


def schema() -> None:
    """Print the JSON Schema that every JSON answer follows."""
    from ..report.documents import schema_text

    print(schema_text(), end="")
