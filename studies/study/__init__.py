"""Defines studies: reads the options of a user, builds the network, and finds studies again."""
