"""What is searched and how it is used: the catalogue, search, training, sampling and the CLI."""
