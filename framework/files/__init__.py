"""One room a file form: read, checked, and written whole or not at all.

Readers never run code from a file, wait for one without an end, or take more memory than its size explains. For a file
that is missing, damaged, changed since we wrote it or of another kind they raise `UserError`: one line that names the
cause and the fix. Writers replace only what is ours (`framework.files.record`).
"""
