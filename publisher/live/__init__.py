"""What is known and shown now: the board, the newest pictures, the events, the last minutes."""
