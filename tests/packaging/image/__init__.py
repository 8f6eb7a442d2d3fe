"""The image for Raspberry Pis: made, examined, and booted."""
