"""Keys of those who may take part from other machines: their files, the list, the command."""
