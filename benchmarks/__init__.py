"""Ours beside other methods and packages, on the same problems, judged the same way."""
