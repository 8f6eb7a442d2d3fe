"""Detectors of the microphone's process that are extras, each with a library of its own."""
