"""Tests of training/measure/plots/."""
