"""Searches: planning them and running their trials, in this process or in several workers."""
