"""The one exception meant for users, and how to recognise a lack of memory or a panic."""


class UserError(Exception):
    """Something the user can fix; its message is one line that names the cause and the fix.

    `framework.running.script.run` prints the message and ends the script with exit status 2.
    """


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out: Python's own, or a library's, known by its message."""
    said = ("out of memory", "can't allocate memory", "could not create a primitive", "CUBLAS_STATUS_ALLOC_FAILED")
    return isinstance(error, MemoryError) or any(message in str(error) for message in said)


def is_panic(error: BaseException) -> bool:
    """Whether an exception is a Rust panic, which `except Exception` does not catch."""
    return type(error).__name__ == "PanicException"
