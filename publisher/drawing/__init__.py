"""Pixels of a frame: boxes, labels, blur, and the JPEG made of them."""
