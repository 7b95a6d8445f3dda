"""Where the faces are: boxes and crops."""
