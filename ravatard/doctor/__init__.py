"""What a doctor looks at: one small check a thing that can be wrong, over a machine that a test can bring."""
