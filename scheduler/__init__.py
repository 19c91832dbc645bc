"""The clock: it holds no state; its ticks read, ask the rules, and record."""
