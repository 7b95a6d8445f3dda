"""Seven probabilities a face, in batches."""
