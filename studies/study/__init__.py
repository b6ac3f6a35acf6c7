"""Defines studies: reads the options, builds studies from them, and looks up existing studies."""
