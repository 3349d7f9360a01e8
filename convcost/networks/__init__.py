"""Whole networks: text files and the built-in zoo -> the graph, and what is answered about it."""
