"""Run a chapter over a grid of parameters: ``python -m tools.sweep``."""
