"""Starts judged programs, each in a world of its own; runs as a process besides the judge.

It is started once, and forks for every world, since that takes less time than an interpreter's
start. It uses the standard library only: `sudo` may run it outside of any virtual environment.
"""
