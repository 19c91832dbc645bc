"""The patient's app: the files that a phone's browser runs, and the releases they make."""
