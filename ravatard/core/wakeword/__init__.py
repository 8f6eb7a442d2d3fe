"""The wake word: when its detector runs, what follows a hit, and how long an answer may be followed up."""
