"""The flight recorder's format: events and states as checked lines, and their replay."""
