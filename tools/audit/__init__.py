"""The pinned versions, held against what is known to be wrong with them."""
