"""Final training of a configuration."""
