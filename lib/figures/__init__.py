"""Figures of the book: each function draws a result and computes nothing."""

from lib.figures.style import COLOURS, use_book_style

__all__ = ["COLOURS", "use_book_style"]
