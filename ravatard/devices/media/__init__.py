"""The sound of an answer: whatever it is packed in, decoded in a process of its own."""
