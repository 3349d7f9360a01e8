"""What a variant does, costs and gives up, with the formulas of its own graph and this layer's numbers."""
