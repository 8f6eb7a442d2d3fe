"""Sound processes: start, pipes, supervision and end of a child process that handles sound."""
