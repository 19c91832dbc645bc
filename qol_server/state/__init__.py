"""What decisions need, folded from each entry in the transaction that appends it."""
