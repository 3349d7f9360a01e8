"""Graphs as ONNX files, written without the onnx package."""
