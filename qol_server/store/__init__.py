"""One SQL text, one engine for now: where a study's rows are kept and how they are committed."""

from qol_server.store.sqlite import Row, Store, StoreBusy, StoreFull, Tx

__all__ = ["Row", "Store", "StoreBusy", "StoreFull", "Tx"]
