"""What a server answers to the steps of operations, written into their files."""
