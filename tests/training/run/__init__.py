"""Tests of training/run/."""
