"""Prompts to share: the best ones alone, rounded to float16, a quarter of the bytes. The later steps read them.

::

    python -m framework.running.share --checkpoint_dir checkpoint --into prompts
"""

import os

from framework.errors import UserError
from framework.running import flags as known
from framework.running import script


def main() -> None:
    """Round the prompts of one folder into another."""
    parser = known.Parser("Round trained prompts to share them: the best ones alone, in float16.", title="sharing")
    known.add_path(parser, "--checkpoint_dir", default=known.CHECKPOINTS, help="prompts, {concept}-{seed}.pt")
    known.add_path(parser, "--into", required=True, help="where the rounded prompts go")
    known.add_task_flags(parser)
    known.add_overwrite_flag(parser, "rounded prompts")
    flags = parser.parse()
    if os.path.realpath(flags.into) == os.path.realpath(flags.checkpoint_dir):
        raise UserError(f"--into {flags.into}: holds the prompts themselves; choose another folder")
    from framework.files import prompts
    from framework.running import trained

    rounded = prompts.read_all(flags.checkpoint_dir, trained.tasks_there(flags))
    prompts.write_rounded(flags.into, rounded, flags.overwrite)
    print(f"wrote {flags.into}/{{concept}}-{{seed}}.pt: {script.counted(len(rounded), 'prompt')} in float16")
    script.next_step("get_active_neuron.py", checkpoint_dir=flags.into)


if __name__ == "__main__":
    script.run(main)
