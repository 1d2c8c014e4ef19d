"""What the scripts share; no script imports another."""
