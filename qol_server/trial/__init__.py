"""The rules of a trial: pure functions over frozen dataclasses, standard library only."""
