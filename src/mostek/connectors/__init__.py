"""One folder per connected system."""
