"""What the benchmark, the soak and the fuzz of the bundled server share."""
