"""PDFs of the book and a zip of its pages: ``python -m tools.downloads``."""
