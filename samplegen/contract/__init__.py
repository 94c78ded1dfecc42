"""The contract of an API: its calls, messages and routes, whatever file they come from."""
