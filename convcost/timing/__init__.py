"""How long a graph takes in a real engine, and the bound that no engine beats: measured, bounded, predicted."""

#: The engines there are, the one that people deploy first.
ENGINES = ("onnxruntime", "numpy", "torch")

#: Seconds that are measured at most where nothing is said: a layer's variants, and a network.
SECONDS, NETWORK_SECONDS = 10.0, 20.0


def engine_words(name: str, version: str, threads: int | None) -> list[str]:
    """An engine as a text has it.

    >>> engine_words("numpy", "2.1", 1), engine_words("numpy", "2.1", None)
    (['numpy 2.1', '1 thread'], ['numpy 2.1', 'threads unknown'])
    """
    return [f"{name} {version}", "threads unknown" if threads is None else f"{threads} thread{'s' * (threads != 1)}"]
