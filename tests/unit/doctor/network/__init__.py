"""Tests of the trials of the network."""
