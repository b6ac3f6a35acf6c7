"""Final training: the chosen configuration to the end, with all that it leaves."""
