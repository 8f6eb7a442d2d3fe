"""Turns of the AvaTar API: where an answer begins and ends, which path is heard, and which side speaks."""
