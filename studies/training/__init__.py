"""Final training: a configuration of a search is trained for more epochs, scored and saved."""
