"""Pipelines that are disturbed on purpose, and what becomes of their frames."""
