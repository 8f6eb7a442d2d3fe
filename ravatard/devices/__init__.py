"""Real hardware, imported lazily: sound in a child process, pins through gpiozero."""
