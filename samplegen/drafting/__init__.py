"""The draft of a project, made of the contract of an API."""
