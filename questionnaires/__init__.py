"""What we ask: instruments, wordings, studies and worked examples, as data that a clinician can read."""
