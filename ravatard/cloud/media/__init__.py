"""Download of the sound files that answers point at."""
