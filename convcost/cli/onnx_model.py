"""What is said on stderr of operations that were not counted, and of numbers that are bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .failure import announce, tell

if TYPE_CHECKING:
    from ..networks.build import Network


def report_unknown(network: Network) -> None:
    """A line on stderr for every kind of operation that was not counted, and for numbers that are bounds."""
    if network.unknown:
        params = "all params are known" if network.params_complete else "their params are missing, too"
        count = sum([missing.count for missing in network.unknown])
        what = f"{count} operation{'s are' if count > 1 else ' is'} not counted ({params}):"
        announce(f"partial: {network.name}: {what}")
    for missing in network.unknown:
        announce(f"  {missing.count} x {missing.op} (first: {missing.first}): {missing.reason}")
    if network.upper_bound:
        tell(f"{network.name}: a branch depends on data; the dearer side is counted, an upper bound")
    if network.worked_out:
        what = "params are in tables that the exporter worked out of learned ones, which are not in the file"
        tell(f"{network.name}: {network.worked_out:,} {what}")
