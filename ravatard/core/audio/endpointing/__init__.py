"""Endpointing: where speech begins and an utterance ends, and what else must agree before a gate opens."""
