"""Terms of losses that several models or options share."""
