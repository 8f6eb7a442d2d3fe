"""Checks of the ways to other programs: the MQTT broker, and the figures for Prometheus."""
