"""What the judge needs of this machine: processes, ports, programs, a cache."""
