"""The judge: builds and runs samples, and says what was proved about each."""
