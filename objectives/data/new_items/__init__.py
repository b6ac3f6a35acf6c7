"""New items: input for a trained network, which is prepared like the network's training data."""
