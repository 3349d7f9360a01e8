"""Which configuration meets a budget, out of many: plans from traced sizes, and what evaluates them."""
