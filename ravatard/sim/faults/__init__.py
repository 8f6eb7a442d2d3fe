"""Fault scenarios: a simulated service, microphone and stream that misbehave on request."""
