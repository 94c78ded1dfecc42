"""Lines that are too long, broken as the language's formatter breaks them."""
