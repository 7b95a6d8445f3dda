"""Tests of capture.sources."""
