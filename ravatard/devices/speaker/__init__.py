"""What plays the avatar's voice: a sound process of its own, and what it shares with the microphone's."""
