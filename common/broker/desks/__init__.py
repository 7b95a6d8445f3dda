"""A desk for each role of peers (captures, workers, publishers) and each kind of work."""
