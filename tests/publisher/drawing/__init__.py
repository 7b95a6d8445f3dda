"""Tests of publisher/drawing/."""
