"""Numeric execution of a graph, and what it proves about the numbers printed for it.

Shares the graph's records with the analysis and none of its rules: nothing here imports an
output-size, parameter, cost or memory rule, and a test holds that line.
"""

from .evidence import Check, Measured, MeasuredOp, check
from .execute import measure

__all__ = ["Check", "Measured", "MeasuredOp", "check", "measure"]
