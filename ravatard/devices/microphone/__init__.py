"""Microphone: sources of sound and the gate in a child process, and the daemon's side of it."""
