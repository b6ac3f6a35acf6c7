"""What is searched and how it is used: making studies, running and finding them, and the CLI."""
