"""Every picture of the project: each function writes one file."""
