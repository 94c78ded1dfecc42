"""Calls that this process makes itself, as the steps of operations say them."""
