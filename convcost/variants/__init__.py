"""The alternatives to a convolution: one function from LayerSpec to Graph each, one file per family."""
