"""The one exception that a user is meant to read, and what tells a want of memory, or a panic."""


class UserError(Exception):
    """Something the user can fix; its message is one line that names the cause and the fix.

    `framework.running.script.run` prints the message and ends the script with exit status 2.
    """


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out: Python's own, or one of the libraries', which have no class."""
    said = ("out of memory", "can't allocate memory", "could not create a primitive", "CUBLAS_STATUS_ALLOC_FAILED")
    return isinstance(error, MemoryError) or any(message in str(error) for message in said)


def is_panic(error: BaseException) -> bool:
    """Whether it is one of Rust's, which no `except Exception` catches."""
    return type(error).__name__ == "PanicException"
