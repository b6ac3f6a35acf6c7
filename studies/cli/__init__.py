"""The command line: a module for each group of verbs, and the code that all verbs share.

A verb is a subcommand such as `search`. It imports most modules only when it runs, so that
`latentune --help` answers at once.
"""
