"""The simulated avatar's stream: a PixelStreaming signalling server and a streamer that speaks."""
