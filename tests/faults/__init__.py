"""The failures that must be survived, each done to a real pipeline."""
