"""Lines of a framework's source or print -> what they say. One parser, and a small table a framework."""
