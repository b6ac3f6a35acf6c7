"""What is trained: LightningModules, the blocks they share, and densities over their codes."""
