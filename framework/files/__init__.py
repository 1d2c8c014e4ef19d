"""One room a file form: read, checked, and written whole or not at all."""
