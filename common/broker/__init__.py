"""The one address everything connects to: queues, liveness and the ledger of every frame."""
