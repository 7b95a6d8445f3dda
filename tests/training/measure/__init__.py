"""Tests of training/measure/."""
