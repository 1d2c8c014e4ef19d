"""Who owns a file: only what a record of ours names is replaced, whenever we are killed, whoever works beside us."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from framework.errors import UserError
from framework.files import activations, config, opening, prompts, ranks, results, writing
from framework.files.record import Output, Record
from framework.files.taskfolder import progress
from framework.measures import MEASURES
from framework.tasks import Task

FEAR, JOY = Task("fear", 1), Task("joy", 3)
PROMPT = {"best_prompt": torch.ones(4, 8), "best_acc": 0.5, "epoch": 2, "final_prompt": torch.ones(4, 8),
          "final_acc": 0.5}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def forked(function):
    """Call a function in a process of its own; returns its exit status, negative for a signal."""
    process = os.fork()
    if not process:
        status = 1
        try:
            function()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def beside(function):
    """Start a process that calls a function and waits; returns a function that ends it."""
    ready, tell = os.pipe()
    process = os.fork()
    if not process:
        with function():
            os.write(tell, b"1")
            signal.pause()
    os.read(ready, 1)

    def end():
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)

    return end


def contents(folder="."):
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def make_table(setting=1, overwrite=False, tables=("tau", "p"), **options):
    with Output("ranks.csv", Record("rsa_searchlight.py", {"lr": setting}), overwrite, **options) as output:
        for name in tables:
            output.write_text(f"ranks_{name}.csv", f"{name} by {setting}\n")
        output.write_text("ranks.csv", f"ranks by {setting}\n")


# ------------------------------------------------------------------------------------------------- files of others

@pytest.mark.parametrize("name, content", [
    ("ranks.csv", "mine"), ("ranks_tau.csv", "mine"), ("ranks.json", '{"lr": 1}'), ("ranks.json", "[1, 2]"),
    ("ranks.json", '{"made_by": "gen_mask.py"}'),
    ("ranks.json", '{"sentiment": "ranks", "seed": 1, "best": 0.5, "sha256": ""}')])
@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"redraw": True}])
def test_what_no_record_of_ours_names_is_not_replaced(name, content, options):
    Path(name).write_text(content)
    before = contents()
    with pytest.raises(UserError, match=name):
        make_table(**options, names=["ranks_tau.csv"])
    assert contents() == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_settings_of_another_program_in_an_output_folder(overwrite):
    Path("act").mkdir()
    Path("act/settings.json").write_text('{"theme": "dark"}')
    with pytest.raises(UserError, match="act/settings.json: is not a record of this program"):
        activate(FEAR, overwrite=overwrite)
    assert contents() == {"act/settings.json": b'{"theme": "dark"}'}


@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"redraw": True}])
def test_what_was_edited_is_not_replaced(options):
    make_table()
    Path("ranks.csv").write_text("edited")
    with pytest.raises(UserError, match="ranks.csv: was changed since it was written"):
        make_table(2, **options) if options else make_table(1)
    assert Path("ranks.csv").read_text() == "edited"


def test_hidden_files_of_others_stay():
    for name in (".notes.tmp", ".app.lock", ".ranks.csv.tmp", "ranks.csv.tmp", ".training-1.lock"):
        Path(name).write_text("mine")
    before = contents()
    make_table()
    assert {name: content for name, content in contents().items() if name in before} == before
    assert not Path(".openneuron").exists()


def test_other_settings_are_refused_and_replaced_when_asked():
    make_table(1, tables=["tau", "p"])
    with pytest.raises(UserError, match="lr is 1 there and 2 here"):
        make_table(2)
    make_table(2, overwrite=True, tables=["tau"])
    assert sorted(contents()) == ["ranks.csv", "ranks.json", "ranks_tau.csv"]  # no p of other settings
    assert Path("ranks_tau.csv").read_text() == "tau by 2\n"
    before = {path: path.stat().st_ino for path in Path().iterdir()}
    make_table(2, tables=["tau"])
    assert {path: path.stat().st_ino for path in Path().glob("*.csv")}.items() <= before.items(), "the same bytes stay"


def test_what_is_replaced_stays_until_the_new_is_there():
    """Long work may come in between, and fail."""
    make_table(1)
    before = contents()
    with pytest.raises(KeyboardInterrupt), Output("ranks.csv", Record("rsa_searchlight.py", {"lr": 2}), True):
        raise KeyboardInterrupt
    assert contents() == before
    with Output("ranks.csv", Record("rsa_searchlight.py", {"lr": 2}), True) as output:
        Path("ranks_tau.csv").unlink()  # meanwhile
        Path("ranks_p.csv").write_text("mine")
        with pytest.raises(UserError, match="ranks_p.csv: was changed since it was written"):
            output.write_text("ranks.csv", "ranks by 2\n")
        Path("ranks_p.csv").unlink()
        output.write_text("ranks.csv", "ranks by 2\n")
    assert sorted(contents()) == ["ranks.csv", "ranks.json"]


def test_figures_are_drawn_again_unasked_and_others_stay(monkeypatch):
    def no_room(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def draw(setting, *names):
        with Output("pic", Record("plot_results.py", {"k": setting}), redraw=True, names=names) as output:
            for name in names:
                output.write_text(name, f"{name} at {setting}")

    draw(1, "a.png", "b.png")
    draw(2, "a.png")
    assert Path("pic/a.png").read_text() == "a.png at 2" and Path("pic/b.png").read_text() == "b.png at 1"
    record = Record.read("pic")
    assert list(record.files) == ["a.png"] and list(record.before) == ["b.png"], "only a.png is of these settings"
    draw(3, "b.png")
    assert Path("pic/b.png").read_text() == "b.png at 3"
    assert list(Record.read("pic").files) == ["b.png"]
    with monkeypatch.context() as full:
        full.setattr(writing, "write_bytes", no_room)
        with pytest.raises(OSError, match="No space"):
            draw(4, "a.png")
    draw(5, "a.png")
    assert Path("pic/a.png").read_text() == "a.png at 5"
    Path("pic/mine.png").write_text("mine")
    with pytest.raises(UserError, match="mine.png: exists already"):
        draw(6, "mine.png")


def activate(*tasks, setting="best", overwrite=False, prompt="ab"):
    record = Record("get_active_neuron.py", {"prompt": setting, "kind": "activation"})
    with Output("act", record, overwrite, names=activations.output_names(tasks)) as output:
        left = activations.left(output, dict.fromkeys(tasks, prompt))
        for task in left:
            activations.write(output, task, np.float32([0.5, -1 / 3, len(task.concept)]), prompt)
        for concept in {task.concept for task in tasks}:
            activations.write_sum(output, concept)
    return left


def test_overwriting_one_task_leaves_those_of_others():
    assert activate(FEAR, JOY) == [FEAR, JOY]
    before = contents()
    with pytest.raises(UserError, match="name all of its tasks"):
        activate(FEAR, setting="final", overwrite=True)
    assert contents() == before
    assert activate(FEAR, JOY) == [] and activate(FEAR, prompt="cd") == [FEAR] and activate(JOY) == []
    assert activate(FEAR, JOY, setting="final", overwrite=True) == [FEAR, JOY]


def test_a_foreign_file_among_recorded_ones_is_not_read():
    activate(FEAR)
    values, seeds = activations.read("act", ["fear"])
    assert seeds == [1] and values[0, 0].astype("float32").tolist() == np.float32([0.5, -1 / 3, 4]).tolist()
    Path("act/grief-1.csv").write_bytes(Path("act/fear-1.csv").read_bytes())
    with pytest.raises(UserError, match="grief-1.csv: is not listed in the record"):
        activations.read("act", ["fear", "grief"])


def test_a_foreign_sum_or_table_is_not_read():
    activate(FEAR)
    Path("act/joy-all.csv").write_bytes(Path("act/fear-1.csv").read_bytes())
    with pytest.raises(UserError, match="joy-all.csv: is not listed in the record"):
        activations.read("act", ["joy"], ["all"])
    with Output("ranks.csv", Record("rsa_searchlight.py", {})) as output:
        ranks.write(output, pd.DataFrame({"valence": [1.0, 2.0]}), {})
    Path("ranks_tau.csv").write_text("valence\n0.5\n0.1\n")
    with pytest.raises(UserError, match="ranks_tau.csv: is not listed in the record"):
        ranks.read_beside("ranks.csv", "tau")


@pytest.mark.parametrize("settings", [
    {"sha256": {"../victim.txt": hashlib.sha256(b"mine").hexdigest()}},
    {"sha256_before": {"../victim.txt": hashlib.sha256(b"mine").hexdigest()}}, {"prompts": {"x": "0"}}])
def test_a_record_names_files_beside_it_and_tasks_alone(settings):
    Path("victim.txt").write_text("mine")
    Path("study").mkdir()
    Path("study/ranks.json").write_text(json.dumps({"made_by": "rsa_searchlight.py", "seeds": [3], **settings}))
    output = Output("study/ranks.csv", Record("rsa_searchlight.py", {}), overwrite=True)
    with pytest.raises(UserError, match="ranks.json: "), output:
        ranks.write(output, pd.DataFrame({"valence": [1.0, 2.0]}), {})
    with pytest.raises(UserError, match="names a file in another folder|is not a task"):
        Record.read("study/ranks.csv")
    assert Path("victim.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["sha256", "sha256_before", "prompts"])
def test_the_digests_in_a_record_are_text(name):
    Path("ranks.json").write_text(json.dumps({"made_by": "rsa_searchlight.py", name: {"fear-1": []}}))
    with pytest.raises(UserError, match=f"ranks.json: in its settings `{name}` is .*, which is invalid"):
        Record.read("ranks.csv")


def test_flags_of_any_characters_come_back():
    flags = {"checkpoint_dir": "a\x85b\x7fc\ufffe\u2028é"}
    config.write_config("flags.yaml", flags, "train.py")
    assert flags["checkpoint_dir"] in config.read_config("flags.yaml").values()


def test_flags_of_many_concepts_come_back(capsys):
    flags = {"sentiment": [f"concept-of-a-long-name-{number}" for number in range(5000)]}
    for _ in range(2):  # the second run knows the file as its own
        config.write_config("flags.yaml", flags, "train.py")
    assert config.read_config("flags.yaml") == flags and not capsys.readouterr().err


def test_flags_are_kept_unless_the_file_is_edited(capsys):
    flags = {"sentiment": ["fear", "jöy"], "lr": 0.1, "checkpoint_dir": "a\udcff", "label_words": ["no", "yes"]}
    config.write_config("train.yaml", flags, "python train.py --config a\nlr: 7")
    assert config.read_config("train.yaml") == {**flags, "lr": "0.1"}
    config.write_config("train.yaml", {"lr": 0.2}, "python train.py")
    assert config.read_config("train.yaml") == {"lr": "0.2"} and not capsys.readouterr().err
    Path("train.yaml").write_text("lr: 7")
    config.write_config("train.yaml", {"lr": 0.2}, "python train.py")
    assert Path("train.yaml").read_text() == "lr: 7" and "train.yaml" in capsys.readouterr().err


def test_a_user_may_have_a_file_where_a_folder_is_needed():
    Path("act").write_text("mine")
    with pytest.raises(UserError, match="act: a file or a broken link is where a folder"):
        activate(FEAR)
    Path("dangling").symlink_to("nowhere")
    with pytest.raises(UserError, match="a broken link"):
        writing.write_bytes("dangling/x.csv", b"")


# ------------------------------------------------------------------------------------------- killed at any moment

def test_killed_at_any_moment_the_same_command_goes_on(monkeypatch):
    """Each of the system calls that change the folder is, in turn, the last one that a process makes."""
    monkeypatch.setattr(os, "fsync", lambda file: None)  # which takes most of the time
    make_table(2, tables=["tau"])
    Path("mine").write_text("mine")
    whole = contents()
    for place in range(1000):
        for path in Path().glob("ranks*"):
            path.unlink()
        make_table(1)
        calls = iter(range(place))

        def dying(function):
            def call(*args, calls=calls, **options):
                if next(calls, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                return function(*args, **options)

            return call

        def die():
            for name in ("replace", "unlink", "rmdir", "mkdir", "fsync"):
                setattr(os, name, dying(getattr(os, name)))
            make_table(2, overwrite=True, tables=["tau"])

        killed = forked(die) == -signal.SIGKILL
        for path in [path for name in ("ranks.csv", "ranks_tau.csv") if (path := Path(name)).exists()]:
            assert path.read_text().endswith((" by 1\n", " by 2\n")), "whole"
        make_table(2, overwrite=True, tables=["tau"])
        assert contents().keys() == whole.keys()
        assert all(contents()[name] == content for name, content in whole.items() if name != "ranks.json")
        if not killed:
            break
    assert place > 30


def test_a_full_disk_and_then_room_again(monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="ranks"):
            make_table()
    assert not contents()
    make_table()
    assert Path("ranks.csv").read_text() == "ranks by 1\n"


def draw_page(text):
    with Output("page.html", Record("make_report.py", {}), redraw=True) as output:
        output.write_text("page.html", text)


def test_a_full_disk_leaves_the_old_page(monkeypatch):
    draw_page("old")
    replace = os.replace

    def full(source, target):
        if Path(target).name == "page.html":
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="page"):
            draw_page("new")
    assert Path("page.html").read_text() == "old"
    with Output("page.html", Record("make_report.py", {}), redraw=True):
        pass  # it ends before it writes the page, which is still ours
    draw_page("new")
    assert Path("page.html").read_text() == "new" and "sha256_before" not in Path("page.json").read_text()
    Path("page.html").write_text("old")
    with pytest.raises(UserError, match="page.html: was changed"):
        draw_page("new")


# ------------------------------------------------------------------------------------------------- several processes

def test_two_processes_do_not_make_one_output():
    end = beside(lambda: Output("ranks.csv", Record("rsa_searchlight.py", {"lr": 1})))
    with pytest.raises(UserError, match="another process is making it"):
        make_table()
    end()
    make_table()
    assert not Path(".openneuron").exists(), "what the killed one left is gone"


@pytest.mark.parametrize("number", [errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.ENOLCK])
def test_file_systems_without_locks_or_modes(number, monkeypatch):
    def refuse(*args):
        raise OSError(number, "not here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(os, "fchmod", refuse)
    make_table()
    end = beside(lambda: writing.lock(".", "ranks.json"))
    with pytest.raises(UserError, match="another process"):
        make_table()
    end()
    make_table()
    assert sorted(contents()) == ["ranks.csv", "ranks.json", "ranks_p.csv", "ranks_tau.csv"]


def test_a_file_system_that_knows_no_modes(monkeypatch):
    def refuse(*args):
        raise OSError(errno.EPERM, "not permitted")  # FAT, some network shares

    monkeypatch.setattr(os, "fchmod", refuse)
    make_table()
    assert sorted(contents()) == ["ranks.csv", "ranks.json", "ranks_p.csv", "ranks_tau.csv"]


@pytest.mark.parametrize("setting", ["a\ud800", torch.ones(2)])
def test_settings_of_a_prompt_that_no_record_can_hold(setting):
    torch.save({**PROMPT, "settings": {"pretrained_model": setting}}, "fear-1.pt")
    try:
        record = prompts.read("fear-1.pt").record
    except UserError as error:
        assert "fear-1.pt: " in str(error) and "\n" not in str(error)
    else:
        json.dumps(record.as_dict(), ensure_ascii=False).encode()


def test_a_link_in_the_place_of_our_folder():
    Path("theirs").mkdir()
    Path("theirs/notes.tmp").write_text("mine")
    Path(".openneuron").symlink_to("theirs")
    with pytest.raises(UserError, match=".openneuron: is a link"):
        make_table()
    assert contents("theirs") == {"theirs/notes.tmp": b"mine"}


@pytest.mark.parametrize("lock, take", [
    ("ranks.json", make_table), ("ranks.csv.tmp", lambda: writing.write_bytes("ranks.csv", b"")),
    ("train.yaml", lambda: config.write_config("train.yaml", {}, "train.py")),
    ("checkpoint/entering", lambda: folder_of(0.1).__enter__()),
    ("checkpoint/running-12ab", lambda: folder_of(0.1).__enter__()),
    ("checkpoint/fear-1.pt", lambda: folder_of(0.1).claim(FEAR)),
    ("checkpoint/fear-1.pt", lambda: progress("checkpoint", ".pt", [FEAR], read_record)),
    ("checkpoint/training-12ab.state", lambda: prompts.SavedState("checkpoint", "training-12ab.state")),
    ("accuracies", lambda: prompts.write_accuracies("checkpoint")),
    ("act/settings.json", lambda: activations.progress("act", [FEAR]))])
def test_a_pipe_in_the_place_of_a_lock(lock, take):
    pipe = writing.workplace(Path(lock).parent) / f"{Path(lock).name}.lock"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    with pytest.raises(UserError, match=f"{pipe}: is not a regular file"):
        take()


def folder_of(setting, overwrite=False, **own):
    return prompts.Folder("checkpoint", Record("train.py", {"lr": setting}), overwrite, **own)


def read_record(path):
    return prompts.read(path).record


def test_a_folder_of_prompts(tmp_path):
    with folder_of(0.1) as folder:
        assert folder.left([FEAR, JOY]) == [FEAR, JOY] and folder.claim(FEAR)
        assert progress("checkpoint", ".pt", [FEAR, JOY], read_record) == ({FEAR: "running", JOY: "left"}, [])
        folder.write(FEAR, **PROMPT)
        folder.release(FEAR)
        assert not folder.claim(FEAR) and folder.elsewhere == 0
    read = prompts.read_all("checkpoint")[FEAR]
    assert read.best_acc == 0.5 and read.epoch == 2 and read.record.settings == {"lr": 0.1}
    with folder_of(0.2) as folder:
        with pytest.raises(UserError, match="fear-1.pt: was made with other settings .lr is 0.1 there and 0.2 here"):
            folder.left([FEAR])
        with pytest.raises(UserError, match="same folder"):
            folder.left([JOY])
    with folder_of(0.2, overwrite=True) as folder:
        assert folder.left([FEAR]) == [FEAR]
    prompts.write_accuracies("checkpoint")
    table = prompts.write_accuracies("checkpoint")
    assert pd.read_csv("goemotions_prompt_tuning_accuracy.csv").equals(table)
    assert sorted(contents()) == ["checkpoint/fear-1.pt", "goemotions_prompt_tuning_accuracy.csv",
                                  "goemotions_prompt_tuning_accuracy.json"]


@pytest.mark.parametrize("change", [
    lambda content: content["best_prompt"].mul_(2), lambda content: content["final_prompt"].mul_(2),
    lambda content: content.update(best_acc=0.75), lambda content: content.pop("final_prompt"),
    lambda content: content["settings"].update(lr=0.2), lambda content: content.update(sha256=""),
    lambda content: content.pop("sha256")])
def test_a_changed_prompt_is_noticed(change):
    """Even if all checksums of the file are right."""
    with folder_of(0.1) as folder:
        folder.write(FEAR, **PROMPT)
    content = torch.load("checkpoint/fear-1.pt")
    torch.save(content, "checkpoint/fear-1.pt")
    assert prompts.read("checkpoint/fear-1.pt").epoch == 2
    change(content)
    torch.save(content, "checkpoint/fear-1.pt")
    with pytest.raises(UserError, match="fear-1.pt: has changed since it was written"):
        prompts.read("checkpoint/fear-1.pt")


def test_a_prompt_under_another_name_is_refused():
    with folder_of(0.1) as folder:
        folder.write(FEAR, **PROMPT)
    shutil.copy("checkpoint/fear-1.pt", "checkpoint/joy-3.pt")
    with pytest.raises(UserError, match="joy-3.pt: holds the prompt of another task .fear-1"):
        prompts.read_all("checkpoint")


def test_a_file_that_is_no_prompt_is_named_before_the_training():
    Path("checkpoint").mkdir()
    torch.save([1.0], "checkpoint/epoch-3.pt")
    with pytest.raises(UserError, match="epoch-3.pt: .* or move it away"), folder_of(0.1) as folder:
        folder.check_others([FEAR])


def test_prompts_to_share():
    numbers = torch.randn(4, 8)
    with folder_of(0.1) as folder:
        for task in (FEAR, JOY):
            folder.write(task, **PROMPT | {"best_prompt": numbers})
    trained = prompts.read_all("checkpoint")
    for _ in range(2):  # the same command again is no error
        prompts.write_rounded("shared", trained)
    content, read = torch.load("shared/fear-1.pt"), prompts.read("shared/fear-1.pt")
    assert content.keys() == {"sentiment", "seed", "best_prompt", "best_acc", "epoch", "settings", "sha256"}
    assert content["best_prompt"].dtype == torch.float16
    torch.testing.assert_close(read.best_prompt, numbers, rtol=1e-3, atol=1e-7)
    assert read.record.get("lr") == 0.1 and read.record.get("rounded_to") == "float16" and read.final_prompt is None
    assert read.record.get("prompts") == {"fear-1": trained[FEAR].sha256}
    prompts.write_rounded("again", prompts.read_all("shared"))
    assert prompts.read("again/fear-1.pt").record.get("prompts") == {"fear-1": trained[FEAR].sha256}
    with pytest.raises(UserError, match="other settings"):  # what they were rounded from is not lost
        prompts.write_rounded("checkpoint", trained)
    with folder_of(0.2, overwrite=True) as folder:
        for task in (FEAR, JOY):
            folder.write(task, **PROMPT)
    retrained = prompts.read_all("checkpoint")
    with pytest.raises(UserError, match="pass --overwrite to replace it"):
        prompts.write_rounded("shared", retrained)
    prompts.write_rounded("shared", retrained, overwrite=True)
    assert prompts.read("shared/fear-1.pt").record.get("lr") == 0.2
    with prompts.Folder("elsewhere", Record("train.py", {"lr": 0.2})) as folder:
        folder.write(FEAR, **PROMPT | {"best_prompt": numbers})
    with pytest.raises(UserError, match="fear-1.pt: is another prompt, trained with the same settings"):
        prompts.write_rounded("shared", prompts.read_all("elsewhere"))
    prompts.write_rounded("shared", prompts.read_all("elsewhere"), overwrite=True)
    assert torch.equal(prompts.read("shared/fear-1.pt").best_prompt, numbers.half().float())
    trained[JOY].best_prompt *= 1e6
    with pytest.raises(UserError, match="joy-3: .* float16 cannot hold"):
        prompts.write_rounded("shared", trained)


@pytest.mark.parametrize("content, mend", [
    ({"best_prompt": torch.ones(4, 8), "best_acc": 0.5}, "choose another folder"), ("damaged", "move it away first")])
def test_published_and_damaged_prompts_are_never_replaced(content, mend):
    Path("checkpoint").mkdir()
    torch.save(content, "checkpoint/fear-1.pt") if isinstance(content, dict) else Path(
        "checkpoint/fear-1.pt").write_text(content)
    with folder_of(0.1, overwrite=True) as folder, pytest.raises(UserError, match=f"fear-1.pt.*{mend}"):
        folder.left([FEAR])


def test_processes_share_a_folder_under_one_setting():
    @contextlib.contextmanager
    def claiming():
        with folder_of(0.1) as folder:
            assert folder.claim(FEAR)
            yield

    end = beside(claiming)
    with folder_of(0.1) as folder:
        assert not folder.claim(FEAR) and folder.claim(JOY) and folder.elsewhere == 1
        assert progress("checkpoint", ".pt", [FEAR], read_record) == ({FEAR: "running"}, [])
    with pytest.raises(UserError, match="another process fills it with other settings"), folder_of(0.2):
        pass
    end()
    with folder_of(0.2) as folder:
        assert folder.claim(FEAR)
    assert not contents() and not Path("checkpoint/.openneuron").exists()


def test_states_of_training():
    state = prompts.SavedState("checkpoint")
    writing.write_bytes(state.path, b"state")
    assert prompts.state_paths("checkpoint") == [state.path]
    assert not prompts.SavedState("checkpoint", state.path).held, "a running one is nobody else's"
    state.release()
    state = prompts.SavedState("checkpoint", state.path)
    assert state.held and state.path.read_bytes() == b"state"
    state.release(remove=True)
    assert not list(Path("checkpoint").iterdir())
    Path("checkpoint/.training-12ab.state").write_bytes(b"of an earlier version")
    with pytest.raises(UserError, match="an earlier version"), folder_of(0.1):
        pass


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_that_appears_while_its_task_is_trained_stays(overwrite):
    with prompts.Folder("checkpoint", Record("train.py", {"lr": 1}), overwrite) as folder:
        assert folder.claim(FEAR)
        Path("checkpoint/fear-1.pt").write_bytes(b"mine")
        with pytest.raises(UserError, match="fear-1.pt: .*move it away"):
            folder.write(FEAR, torch.ones(2, 3), 0.5, 1, torch.ones(2, 3), 0.5)
        folder.release(FEAR)
    assert Path("checkpoint/fear-1.pt").read_bytes() == b"mine"


def test_an_input_that_changes_while_it_is_read():
    Path("ranks.csv").write_text("old")
    with pytest.raises(UserError, match="ranks.csv: has changed while this run read it"), \
            opening.unchanged("ranks.csv") as digest:
        assert digest == hashlib.sha256(b"old").hexdigest()
        Path("ranks.csv").write_text("new")


def test_a_name_that_its_temporary_file_could_not_have():
    name = "r" * 240 + ".csv"
    with pytest.raises(UserError, match="name is too long"), \
            Output(name, Record("rsa_searchlight.py", {}), names=[f"{name[:-4]}_permutation.csv"]):
        pytest.fail("work has begun")
    assert not contents()


def test_a_table_of_accuracies_that_is_not_ours_is_said_before_the_training():
    Path("goemotions_prompt_tuning_accuracy.csv").write_text("sentiment,random_seed,accuracy\nfear,1,0.9\n")
    with pytest.raises(UserError, match="accuracy.csv: exists already"), folder_of(0.1):
        pass
    os.rename("goemotions_prompt_tuning_accuracy.csv", "goemotions_prompt_tuning_accuracy.json")
    with pytest.raises(UserError, match="accuracy.json: "), folder_of(0.1):
        pass


# --------------------------------------------------------------------------------------------------------- results

def results_folder(masks="a" * 64, overwrite=False, prompt="b" * 64):
    return results.Folder("results", Record("eval_mask_neuron.py", {"masks": masks}), overwrite,
                          own={FEAR: {"prompt": prompt}, JOY: {"prompt": prompt}})


def test_results_keep_what_was_measured():
    with results_folder() as folder:
        assert folder.claim(FEAR)
        folder.take_up(FEAR)
        folder.add(FEAR, {"accuracy": {"best": 1.0, "valence_top5": 0.1 + 0.2},
                          "margin": {"best": 1.5, "valence_top5": -1.0},
                          "AUC": {"best": 1.0, "valence_top5": 0.5}}, of=["valence_top5", "valence_top5_random"])
        folder.save()
    assert results.masks_measured("results", FEAR) == 1
    with results_folder("c" * 64) as folder, pytest.raises(UserError, match="fear-1.json.partial.*masks differs"):
        folder.take_up(FEAR)
    with results_folder("c" * 64, overwrite=True) as folder:
        assert folder.take_up(FEAR) == set()
    with results_folder() as folder:
        assert folder.take_up(FEAR) == {"best", "valence_top5"}
        assert folder.claim(FEAR)
        folder.add(FEAR, dict.fromkeys(MEASURES, {}), of=["valence_top5"])
    assert list(contents()) == ["results/fear-1.json"]
    assert results.read_all("results").loc[0, "valence_top5"] == 0.1 + 0.2
    assert results.read_all("results", "margin").loc[0, ["best", "valence_top5"]].tolist() == [1.5, -1.0]
    with results_folder(prompt="d" * 64) as folder, pytest.raises(UserError, match="prompt differs"):
        folder.left([FEAR])  # of a prompt that was trained again
    with results_folder(prompt="d" * 64) as folder:
        assert folder.left([JOY]) == [JOY]  # each task has a prompt of its own
    path = Path("results/.openneuron/fear-1.json.partial")
    path.parent.mkdir()
    path.write_text("{")
    with results_folder() as folder:
        assert folder.take_up(FEAR) == set() and results.masks_measured("results", FEAR) == 0
        assert folder.left([FEAR]) == []
    assert list(contents()) == ["results/fear-1.json"], "what a kill left beside the whole one is gone"
    text = Path("results/fear-1.json").read_text()
    Path("results/fear-1.json").write_text(text.replace('"best": 1.0', '"best": 0.5'))
    with pytest.raises(UserError, match="has changed"), results_folder(overwrite=True) as folder:
        folder.left([FEAR])


def test_results_of_different_settings_are_not_read_together():
    """Each is sealed, and would have been read."""
    values = {"best": 1.0, "valence_top5": 0.5}
    results_folder().write(FEAR, dict.fromkeys(MEASURES, values))
    results_folder("c" * 64).write(JOY, dict.fromkeys(MEASURES, values))
    with pytest.raises(UserError, match="joy-3.json: was made with other settings than fear-1.json .masks differs"):
        results.read_all("results")
    Path("results/joy-3.json").write_text('{"sentiment": "joy", "seed": 3, "best": 1.0}')
    with pytest.raises(UserError, match="joy-3.json: was made with other settings than .*made_by"):
        results.read_all("results")


def test_status_names_what_is_done_left_and_damaged():
    tasks = [FEAR, Task("fear", 3), JOY, Task("love", 1)]
    for task, setting in zip(tasks[:2], (0.1, 0.2)):
        prompts.Folder("checkpoint", Record("train.py", {"lr": setting})).write(task, **PROMPT)
    Path("checkpoint/joy-3.pt").write_bytes(b"")
    states, (other, damaged) = progress("checkpoint", ".pt", tasks, read_record)
    assert states == dict(zip(tasks, ("done", "done", "damaged", "left")))
    assert "fear-3.pt" in other and "lr is 0.1 there and 0.2 here" in other
    assert damaged.startswith("damaged: ") and "joy-3.pt" in damaged


def test_records_of_earlier_versions_are_read():
    Path("ranks.json").write_text('{"made_by": "rsa_searchlight.py", "pretrained_model": "x", "num_layers": 2, '
                                  '"versions": {"torch": "1"}, "sha256": {"ranks.csv": "ab"}}')
    record = Record.read("ranks.csv")
    assert record.get("num_layers") == 2 and record.get("pretrained_model") == "x" and record.files == {
        "ranks.csv": "ab"}
    again = Record("rsa_searchlight.py", {"num_layers": 2}, {"pretrained_model": "y"})
    assert again.difference(record) is None, "the name of a folder decides nothing"
    assert Record("a", {"data": "a" * 64}).difference(Record("a", {"data": "b" * 64})) == "data differs"
    ours, theirs = (Record("a", {"data": letter * 64}, {"dataset": name})
                    for letter, name in (("a", "x"), ("b", "demo")))
    assert ours.difference(theirs) == "data differs: dataset \"demo\" there and \"x\" here"
    changed = Record("a", {"data": "b" * 64}, {"dataset": "x"})
    assert ours.difference(changed) == "data differs: the texts or labels of \"x\" have changed"


def test_many_writers_share_a_folder(tmp_path):
    """The hidden folder goes whenever it is empty, and comes back for whoever writes next."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: writing.write_bytes(tmp_path / f"{number}.txt", b"x"), range(500)))
    assert len(list(tmp_path.iterdir())) == 500
