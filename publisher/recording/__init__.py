"""``PUBLISHER_RECORD``: pictures written to disk, as video or as images."""
