"""The command line: a module for each group of verbs, and the code that all verbs share.

A verb imports other modules only when it runs, so that `latentune --help` answers at once.
"""
