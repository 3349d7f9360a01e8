"""Gradients and small training runs, for experiments."""
