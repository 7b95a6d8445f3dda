"""How good a model is, and what changes to its input do to it."""
