"""Sound decisions without devices: endpointing of speech, framing, playout."""
