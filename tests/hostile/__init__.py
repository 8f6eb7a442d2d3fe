"""Hostile service on loopback, written from ``cloud/ravatar/PROTOCOL.md``; all it does follows one seed."""
