"""The models, which are LightningModules; their networks; and densities of latent codes."""
