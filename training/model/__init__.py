"""The network, its layers, and the files it is exported to."""
