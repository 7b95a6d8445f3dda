"""Labelled faces, read from disk in the forms that people have them."""
