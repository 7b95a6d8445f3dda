"""Tests of publisher/report/."""
