"""What is wrong with studies and their files, and mending it: a file a kind of finding."""
