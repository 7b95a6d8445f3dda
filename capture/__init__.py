"""Video sources in, frames into the pixel ring."""
