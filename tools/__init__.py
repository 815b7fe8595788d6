"""What makes the book: run the chapters, stage the pages, look at the result."""
