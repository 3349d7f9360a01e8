"""How other tools count, over the graph, and why their figures differ from the multiply-adds."""
