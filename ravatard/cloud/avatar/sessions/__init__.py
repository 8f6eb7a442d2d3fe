"""Sessions that are paid for: their ids in answers of any shape, and the proof that one has ended. Pure."""
