"""The doors in: what phones send, what staff and the clock record, and one catalogue of what each kind must hold."""
