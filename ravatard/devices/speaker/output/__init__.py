"""Destinations of the sound: a card, a program, a recording. Each is an ``Output`` of the worker."""
