"""The command line: verbs by what they are for, and what all of them share.

A verb imports what it needs when it runs, so that `latentune --help` answers at once.
"""
