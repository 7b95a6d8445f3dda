"""Tests of publisher/tracking/."""
