"""The commands: one module each, which `samplegen.cli` imports when it is asked for."""
