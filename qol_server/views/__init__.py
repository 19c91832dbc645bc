"""What people look at: tables made from a study's journal up to a position, wiped and made again at will."""
