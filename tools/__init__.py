"""What makes the demo clip, audits the versions, and fuzzes; not installed."""
