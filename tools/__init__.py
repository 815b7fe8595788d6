"""What makes the book: run the chapters, stage the pages, look at the result."""

import sys

# jsonschema, behind every notebook, would compile the grammar of international
# addresses in each process, which takes 2 seconds; notebooks do without.
sys.modules.setdefault("rfc3987_syntax", None)
