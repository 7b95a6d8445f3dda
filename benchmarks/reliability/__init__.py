"""Pipelines that are disturbed or given too much on purpose, and what becomes of them."""
