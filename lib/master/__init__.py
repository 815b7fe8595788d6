"""The restricted master problem: the best output weights of given neurons."""
