"""Stages: one eternal coroutine a file."""
