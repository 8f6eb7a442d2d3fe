"""The avatar's live voice: a WebRTC stream of which only the sound is taken."""
