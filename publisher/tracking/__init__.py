"""Who is who: boxes become tracks, and a track's probabilities its label."""
