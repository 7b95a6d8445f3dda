"""What tests of several folders share, and benchmarks too: a broker, a pipeline, readers, media."""
