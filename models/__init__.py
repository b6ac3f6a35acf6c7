"""What is trained: LightningModules, their networks, and densities of their codes."""
