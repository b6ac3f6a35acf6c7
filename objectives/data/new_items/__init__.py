"""New items: input for a trained network, prepared as its training data was."""
