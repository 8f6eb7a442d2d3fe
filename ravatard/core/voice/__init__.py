"""Sound of an answer on its way to the speaker: WAV in pieces, mono, 48 kHz."""
