"""Figures for Prometheus: over HTTP, or as a file for node_exporter."""
