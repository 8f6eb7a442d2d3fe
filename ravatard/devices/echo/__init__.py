"""Echo reference: the sound that the speaker played, aligned with the microphone's blocks."""
