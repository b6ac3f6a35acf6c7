"""The catalogue: what can be searched, a file a family."""
