"""How languages write messages, and read what answers hold, as a contract types them."""
