"""Where the server is, and what it asks of those who call."""
