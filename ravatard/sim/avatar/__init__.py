"""Simulated AvaTar API: sessions, texts, a socket, sound by socket or WebRTC."""
