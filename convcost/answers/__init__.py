"""The records that a question gets for an answer, and what fills them."""
