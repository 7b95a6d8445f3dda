"""Tests of what the benchmarks compute; what they measure is measured by running them."""
