"""The wake word's model: found, tried in a process of its own, and run in the microphone's process."""
