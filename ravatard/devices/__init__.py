"""Real hardware, imported lazily: sound in child processes, pins through gpiozero.

The microphone's side, and what both sides of sound share, is here; below are the ``speaker``, the ``media``
that it plays, and the ``panel`` of button and lights.
"""
