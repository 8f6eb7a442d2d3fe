"""The doctor: one small check for each thing that can be wrong, on a machine that tests can replace."""
