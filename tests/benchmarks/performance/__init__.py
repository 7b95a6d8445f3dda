"""Tests of what ``benchmarks.all`` measures with."""
