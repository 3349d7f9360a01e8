"""Numeric execution of a graph: on ones, which counts, and on values.

Shares the graph's records with the analysis and none of its rules: nothing here imports an
output-size, parameter, cost or memory rule, and a test holds that line.
"""
