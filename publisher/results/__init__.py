"""``PUBLISHER_RESULTS``: a row for each face, written, continued after a restart, and read back."""
