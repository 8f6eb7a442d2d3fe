"""Sound cards: their identities, their state in the kernel, and PortAudio."""
