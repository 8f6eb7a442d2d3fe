"""WHEN things run: one eternal coroutine a file."""
