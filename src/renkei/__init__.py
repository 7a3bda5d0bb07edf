"""Renkei: a closed network for home care teams whose operating policy is executable."""
