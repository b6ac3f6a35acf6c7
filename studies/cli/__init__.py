"""The command line: the verbs, in groups by purpose, and the code that they share.

A verb imports what it needs when it runs, so that `latentune --help` answers at once.
"""
