"""The data: a file a source, the parts that they are split into, and batches of them."""
