"""A reader's own server: asked for a model, and the operation that calls exactly that model."""
