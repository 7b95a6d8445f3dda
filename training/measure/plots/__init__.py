"""The figures of a training run and of an evaluation."""
