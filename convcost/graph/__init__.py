"""The one representation of a computation: primitive operations in a small dataflow graph."""
