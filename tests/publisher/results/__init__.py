"""Tests of publisher/results/."""
