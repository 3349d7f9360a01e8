"""Execution on ones: where everything is one, the sum of an output is the number of products in it."""
