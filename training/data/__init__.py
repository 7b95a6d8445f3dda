"""From files on disk to faces with labels and votes."""
