"""What is wrong with a study, and how it is mended."""
