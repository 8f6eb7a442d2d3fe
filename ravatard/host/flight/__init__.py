"""Flight recorder on disk: checked lines of records, also those of earlier formats."""
