"""Tests of what long runs are measured with."""
