"""What models are measured by, beyond what they log themselves."""
