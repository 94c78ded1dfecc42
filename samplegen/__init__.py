"""API documentation whose every code sample has just run."""
