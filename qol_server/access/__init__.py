"""Who may come in: pairing codes, the phones' tokens, and how often a wrong code may be tried."""
