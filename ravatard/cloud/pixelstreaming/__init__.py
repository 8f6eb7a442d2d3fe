"""PixelStreaming: the avatar's live voice, from a WebRTC stream of which only the sound is played."""
