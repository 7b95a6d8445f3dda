"""Tracks, drawing, records and the web page."""
