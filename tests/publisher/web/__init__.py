"""Tests of publisher/web/."""
