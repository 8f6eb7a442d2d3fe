"""The doctor over machines made of files."""
