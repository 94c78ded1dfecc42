"""What `soak.py` asks, and how the models change meanwhile."""
