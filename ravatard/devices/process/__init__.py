"""Sound processes: started, spoken to over pipes, supervised and ended."""
