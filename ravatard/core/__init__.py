"""WHAT the appliance decides: pure, no clock, no I/O; everything arrives as an argument."""
