"""The pictures of a run and of a model's results."""
