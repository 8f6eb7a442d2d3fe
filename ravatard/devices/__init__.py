"""Real hardware: sound in child processes, pins through gpiozero; hardware libraries are imported lazily."""
