"""The comparisons that the README quotes."""
