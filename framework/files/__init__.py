"""One module per file format: files are read, checked, and written whole or not at all.

Readers never run code from a file, wait for an endless one, or take more memory than its size explains. If a file is
missing, damaged, of another kind or changed since we wrote it, they raise `UserError`: one line that names the cause
and the fix. Writers replace only what is ours (`framework.files.record`).
"""
