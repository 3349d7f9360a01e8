"""Numbers held against what they may be, and against what they were: budgets, and what differs between two networks."""
