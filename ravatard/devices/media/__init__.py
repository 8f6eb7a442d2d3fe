"""Decoding of an answer's sound, in whatever format a service sends it."""
