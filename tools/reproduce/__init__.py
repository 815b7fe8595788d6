"""Recompute the numbers that the book states, and compare."""
