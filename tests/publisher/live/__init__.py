"""Tests of publisher/live/."""
