"""Decisions of the appliance: pure, without clock or I/O; everything arrives as an argument."""
