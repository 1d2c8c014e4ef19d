"""The one exception that a user is meant to read."""


class UserError(Exception):
    """Something the user can mend; its message is one line that names the file or flag and the mend.

    `framework.cli.run` prints the message and ends the script with exit status 2.
    """
