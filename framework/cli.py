"""What every script's command line has in common: help, errors, exit status."""

import argparse
import errno
import os
import signal
import sys

from framework.errors import UserError


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """One line without the usage above it, so that the mistake is what the user reads."""
        raise UserError(f"{message}; see {self.prog} --help")


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    def __init__(self, prog):
        super().__init__(prog, max_help_position=30, width=118)

    def _get_help_string(self, action):
        # "(default: None)" and "(default: False)" tell a reader nothing: such flags say in words what happens.
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


def make_parser(description, epilog=None):
    """An argument parser whose help shows units and defaults and whose errors are one line."""
    return _Parser(description=description, epilog=epilog, formatter_class=_Formatter, allow_abbrev=False)


def run(main):
    """Call a script's `main` and turn whatever the user can mend into one line and exit status 2."""
    # A preemption (SIGTERM) leaves by the same door as Ctrl-C: files under way are dropped, finished ones are whole.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except UserError as error:
        _leave(str(error), 2)
    except KeyboardInterrupt:
        _leave("interrupted; everything finished so far is on disk, the same command goes on from there", 130)
    except MemoryError:
        _leave("out of memory: use smaller batches (--eval_batch_size, --tasks_per_batch) or a larger machine", 2)
    except BrokenPipeError:
        # The reader of our output (head, less) went away; that is no error of the user's.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        # A full disk or a folder without permission: nothing is half written, since every write is renamed at its end.
        reason = {errno.ENOSPC: "the disk is full: free some space and run the same command again",
                  errno.EDQUOT: "the disk quota is used up: free some space and run the same command again",
                  errno.EROFS: "the file system is read-only: choose another output folder",
                  errno.EACCES: "no permission: choose another folder or mend its permissions",
                  errno.ENOTDIR: "a file stands where a folder is needed: remove it or choose another folder",
                  errno.EISDIR: "a folder stands where a file is needed: remove it or choose another name",
                  }.get(error.errno)
        if reason is None:
            raise
        _leave(f"{error.filename or 'write failed'}: {reason}", 2)


def _leave(message, status):
    print(f"{os.path.basename(sys.argv[0])}: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(status)
