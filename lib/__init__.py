"""Certified convex training of two-layer ReLU networks."""
