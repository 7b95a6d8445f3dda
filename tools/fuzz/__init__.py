"""Bytes that nobody would send, put before all that takes bytes from outside."""
