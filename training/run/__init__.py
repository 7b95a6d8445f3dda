"""One training run: its epochs, batches, schedule and checkpoints, on TensorFlow or JAX."""
