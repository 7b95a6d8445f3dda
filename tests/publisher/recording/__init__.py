"""Tests of publisher/recording/."""
