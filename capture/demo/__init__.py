"""The bundled demonstration clip, its timeline and the script that makes it."""
