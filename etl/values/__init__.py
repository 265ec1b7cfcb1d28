"""Frozen values that travel between the other packages. They do no I/O."""
