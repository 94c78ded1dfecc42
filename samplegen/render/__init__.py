"""Operation + client -> program."""
