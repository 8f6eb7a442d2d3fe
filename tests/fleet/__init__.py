"""A fleet on one machine, with the programs that firms run: ``make fleet``. Takes minutes, and needs root."""
