"""What a sample must pass, a module a gate."""
