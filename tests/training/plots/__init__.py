"""Tests of training/plots."""
