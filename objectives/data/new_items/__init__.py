"""New items for a trained network: found, and prepared as those of training were."""
