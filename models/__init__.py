"""The trained models: LightningModules, their networks, and densities of their codes."""
