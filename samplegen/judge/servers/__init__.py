"""The servers that samples are run against, real and faulty ones."""
