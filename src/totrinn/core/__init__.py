"""Facts in, verdicts out. Standard library only: no clock, no randomness, no input or output."""
