"""Faults planted in the samples, to judge the judge; see `tests.mutants.suite`."""
