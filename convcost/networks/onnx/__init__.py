"""ONNX files -> the graph: one walk over the operations, sizes evaluated on the way, one small rule an operation."""

from .read import read_onnx

__all__ = ["read_onnx"]
