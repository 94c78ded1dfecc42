"""What the judge found, as data, and how it is reported."""
