"""What a study is, from the words of a user to a network, and where it is found again."""
