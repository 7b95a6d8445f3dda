"""Single images that people send: decoded, sent through the pipeline, answered."""
