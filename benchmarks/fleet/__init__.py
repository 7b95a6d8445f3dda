"""A simulation of fleets of cells: what they need, what fails, and what is then not seen."""
