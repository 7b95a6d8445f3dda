"""Training, evaluation and export of the expression model."""
