"""Clouds: one folder a kind, what they share beside it, and the factory that knows the kinds."""
