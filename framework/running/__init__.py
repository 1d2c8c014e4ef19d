"""Flags, work here or on a cluster, signals."""
