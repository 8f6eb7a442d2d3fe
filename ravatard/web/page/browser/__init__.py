"""The page as a browser gets it: its files, and the document that it begins with."""
