"""convcost: what a convolution costs, and what each alternative to it costs, verified by execution."""

__version__ = "0.1.0"
