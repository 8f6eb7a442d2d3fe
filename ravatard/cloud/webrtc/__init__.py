"""WebRTC reception: one audio track, its jitter buffer and decoder."""
