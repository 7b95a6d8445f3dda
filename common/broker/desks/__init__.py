"""One desk for each kind of message; each changes the broker's state and nothing else."""
