"""What the scripts share; no script imports another."""

import os

# oneDNN keeps what it compiles for the shapes it has met, a thousand of them at 1 MB each unless told otherwise.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
os.environ.setdefault("LRU_CACHE_CAPACITY", "64")
