"""How long a graph takes in a real engine, and the bound that no engine beats: measured, bounded, predicted."""
