"""What decides that a number holds: executions, limits, and broken rules that show that the checks can fail."""
