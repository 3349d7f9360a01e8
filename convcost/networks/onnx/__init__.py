"""ONNX files -> the graph: shapes by ONNX's own inference, one small rule an operation, no weight ever read."""

from .read import read_onnx

__all__ = ["read_onnx"]
