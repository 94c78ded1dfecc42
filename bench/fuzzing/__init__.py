"""What `fuzz.py` asks, whom, and what the answers have to be."""
