"""Destinations that the network must let through, and a trial of each."""
