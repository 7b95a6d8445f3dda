"""What ``ferstream COMMAND`` does: a module with its ``main`` for each command."""
