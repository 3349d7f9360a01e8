"""Execution on values: the fast executor, its int64 reference, and the dense kernels of chains."""
