"""How long a graph takes in a real engine, and the bound that no engine beats: measured, bounded, predicted."""

#: The engines there are, the one that people deploy first.
ENGINES = ("onnxruntime", "numpy", "torch")
