"""What runs in a process of its own, with another package on its path."""
