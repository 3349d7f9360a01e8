"""Kernels of trained models: what is dead in them, and what every variant with fewer numbers would lose."""
