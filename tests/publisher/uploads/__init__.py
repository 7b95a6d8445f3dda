"""Tests of publisher/uploads/."""
