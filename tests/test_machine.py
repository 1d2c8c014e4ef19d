"""What the machine can do to a run: disks, memory, other processes, clocks; and models that bring code along."""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from numba.core.caching import CacheImpl

from framework.analysis.compiled import compiled
from framework.errors import UserError
from framework.files import activations, masks, prompts, writing
from framework.files.record import Output, Record
from framework.files.texts import GOEMOTIONS
from framework.model.passes import within_memory
from framework.running.groups import Groups
from framework.running.work import Bar, Every
from framework.tasks import Task
from framework.training.trainer import PromptTrainer
from tests.conftest import ROOT
from tests.test_kill import start, train_flags, wait_for
from tests.test_trainer import SETTINGS, jobs, model, tokens, train  # noqa: F401  model and tokens are fixtures

FEAR = Task("fear", 1)
SIX = ["--sentiment", "fear", "joy", "grief", "--random_seed", "1", "3"]


# ------------------------------------------------------------------------------------------------------------- disks


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 512 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder]).returncode:
        pytest.skip("only the superuser can mount a small disk, and not everywhere")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_full_disk(script, tiny_model, small_disk):
    (small_disk / "filler").write_bytes(bytes(500 << 10))
    flags = [*train_flags(tiny_model, 1), f"--checkpoint_dir={small_disk}/checkpoint"]
    full = script("train.py", *flags, status=2)
    assert "the disk is full" in full.stderr.splitlines()[-1] and str(small_disk) in full.stderr
    assert not list(small_disk.rglob("*.tmp"))
    (small_disk / "filler").unlink()
    script("train.py", *flags)
    assert len(list(small_disk.rglob("*.pt"))) == 2


def test_a_full_disk_in_step_4(script, small_disk, tmp_path):
    random = np.random.default_rng(0)
    tasks = [Task(concept, seed) for concept in ("fear", "joy", "love", "grief", "pride") for seed in (1, 3)]
    with Output(tmp_path / "activations", Record("get_active_neuron.py", {}),
                names=activations.output_names(tasks)) as output:
        for task in tasks:
            activations.write(output, task, random.normal(size=2000).astype(np.float32), "digest")
    flags = ["rsa_searchlight.py", "--activation_dir=activations", "--num_layers=2", "--permutations=20",
             f"--attributes={ROOT / 'data/demo/attribute_ratings.csv'}"]
    script(*flags, "--ranks=expected/ranks.csv")
    full = script(*flags, f"--ranks={small_disk}/ranks.csv", status=2)
    assert "the disk is full" in full.stderr.splitlines()[-1] and not list(small_disk.rglob("*.tmp"))
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    script(*flags, f"--ranks={small_disk}/ranks.csv")
    for path in (tmp_path / "expected").glob("*.csv"):
        assert (small_disk / path.name).read_bytes() == path.read_bytes(), path.name


def test_full_disk_leaves_the_file_that_stood_there(small_disk):
    path = small_disk / "file"
    writing.write_bytes(path, b"small")
    with pytest.raises(OSError, match="No space left") as error:
        writing.write_bytes(path, b"long" * (1 << 18))
    assert error.value.filename == str(path) and list(small_disk.iterdir()) == [path]
    assert path.read_text() == "small"


def test_read_only_folder(tiny_model, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    command = [sys.executable, str(ROOT / "train.py"), *train_flags(tiny_model, 1)]
    command.append("--checkpoint_dir=closed/checkpoint")
    if os.geteuid() == 0:  # root can write anywhere unless it gives that up
        if not shutil.which("setpriv"):
            pytest.skip("as the superuser this needs setpriv")
        command = ["setpriv", "--bounding-set=-dac_override", *command]
    process = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True)
    assert process.returncode == 2 and "Traceback" not in process.stderr
    assert "closed/checkpoint" in process.stderr and "no permission" in process.stderr


# ------------------------------------------------------------------------------------------------------------ memory


@pytest.mark.parametrize("error", [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"),
    MemoryError()])
def test_out_of_memory_halves_the_passes(model, tokens, monkeypatch, capsys, error):  # noqa: F811
    specs = [("fear", 1, 60), ("pride", 3, 37)]
    expected, _ = train(model, tokens, jobs(*specs), group_size=2)
    forward = type(model).forward

    def small(self, rows, prompts, *arguments, **options):
        if len(rows) * (max(map(len, rows)) + 4) > 100:  # passes begin at 300 positions
            raise error
        return forward(self, rows, prompts, *arguments, **options)

    monkeypatch.setattr(type(model), "forward", small)
    found, _ = train(model, tokens, jobs(*specs), group_size=2)
    for task, finished in found.items():
        assert (finished.best_acc, finished.epoch) == (expected[task].best_acc, expected[task].epoch)
    said = capsys.readouterr().err.splitlines()
    assert said == ["out of memory with 300 positions in a pass; going on with 150",
                    "out of memory with 150 positions in a pass; going on with 75"]


def test_out_of_memory_for_a_single_row_ends_the_run(model, tokens, monkeypatch):  # noqa: F811
    def fail(*arguments, **options):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(type(model), "forward", fail)
    with pytest.raises(MemoryError):
        train(model, tokens, jobs(("fear", 1, 60)), group_size=1)


def test_other_errors_are_no_lack_of_memory():
    with pytest.raises(RuntimeError, match="inconsistent tensor size"):
        within_memory(lambda positions: torch.ones(2) @ torch.ones(3), 4096)


REAL_LACK = """
import resource, torch
from framework.model import speed
from framework.model.encoders import PromptedEncoder
from framework.tasks import TaskRows
from framework.training.evaluate import answer
from framework.model.passes import within_memory
from transformers import AutoTokenizer, RobertaConfig, RobertaForMaskedLM
import numpy as np
torch.set_num_threads(1)
tokenizer = AutoTokenizer.from_pretrained("backbone")
config = RobertaConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                       intermediate_size=4096, max_position_embeddings=80, type_vocab_size=1,
                       attn_implementation=speed.ATTENTION)
model = PromptedEncoder(RobertaForMaskedLM(config), tokenizer, (7, 8)).eval()
tokens = [np.full(40, 9)] * 1000
rows = TaskRows(np.arange(1000), np.zeros(1000, int))
prompt = torch.zeros(4, 16)
count = lambda positions: int(answer(model, tokens, rows, prompt, positions).argmax(-1).sum())
expected = count(4096)
size = 4096 * next(int(line) for line in open("/proc/self/statm").read().split())
resource.setrlimit(resource.RLIMIT_AS, (size + (400 << 20), -1))
right, positions = within_memory(count, 1 << 20)
assert right == expected and positions < 1 << 16, (right, expected, positions)
print("positions", positions)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS binds on Linux")
def test_a_real_lack_of_memory():
    process = subprocess.run([sys.executable, "-c", REAL_LACK], cwd=ROOT, text=True, capture_output=True)
    assert process.returncode == 0, process.stderr
    assert "out of memory with 1048576 positions" in process.stderr


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_memory_is_flat_over_200_tasks(tiny_model, tmp_path, precision):
    flags = ["--sentiment", *GOEMOTIONS[:25], "--random_seed", *map(str, range(8)),
             "--pretrained_model", str(tiny_model), "--dataset=demo", "--prompt_len=4", "--epochs=1",
             "--tasks_per_batch=4", "--save_seconds=0", f"--precision={precision}"]
    process = start("train.py", flags, tmp_path)
    sizes = {}
    while process.poll() is None:
        done = len(list((tmp_path / "checkpoint").glob("*.pt"))) if (tmp_path / "checkpoint").exists() else 0
        with open(f"/proc/{process.pid}/statm") as file:
            pages = file.read().split()
        if len(pages) > 1 and int(pages[1]):
            sizes[done] = int(pages[1])
        time.sleep(0.02)
    assert process.returncode == 0, process.stderr.read()
    after_ten = min(done for done in sizes if done >= 10)
    last = max(done for done in sizes if done < 200)
    print(f"resident: {sizes[after_ten] >> 8} MiB after {after_ten} tasks, {sizes[last] >> 8} after {last}")
    assert abs(sizes[last] / sizes[after_ten] - 1) < 0.05


# --------------------------------------------------------------------------------------------------- other processes


def test_two_processes_share_a_folder(tiny_model, tmp_path):
    flags = [*SIX, "--pretrained_model", str(tiny_model), "--dataset=demo", "--prompt_len=4", "--epochs=2",
             "--tasks_per_batch=2", "--save_seconds=0"]
    processes = [start("train.py", flags, tmp_path) for _ in range(2)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    names = sorted(path.name for path in (tmp_path / "checkpoint").iterdir() if path.name != "train.yaml")
    assert len(names) == 6 and all(name.endswith(".pt") for name in names)
    for name in names:
        assert prompts.read(tmp_path / "checkpoint" / name).record.get("epochs") == 2


def test_two_processes_evaluate_in_one_folder(tiny_model, script, tmp_path):
    backbone = ["--pretrained_model", str(tiny_model), "--dataset=demo"]
    script("train.py", *SIX, *backbone, "--prompt_len=4", "--epochs=1")
    with Output(tmp_path / "masks.pkl", Record("gen_mask.py", {})) as output:
        masks.write(output, {f"valence_top{k}": torch.ones(2, 32) for k in range(1, 20)})
    flags = [*SIX, *backbone, "--maskPath=masks.pkl", "--masks_per_batch=1", "--save_seconds=0"]
    processes = [start("eval_mask_neuron.py", flags, tmp_path) for _ in range(2)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    folder = tmp_path / "eval_mask_neuron_result" / "masks"
    names = sorted(path.name for path in folder.iterdir() if path.name != "eval_mask_neuron.yaml")
    assert names == sorted(f"{emotion}-{seed}.json" for emotion in ("fear", "joy", "grief") for seed in (1, 3))


WAITING = """
import runpy, sys
from framework.figures import page
render = page.render
def wait(content):  # between the record and the page
    print("here", flush=True)
    sys.stdin.readline()
    return render(content)
page.render = wait
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_two_processes_write_one_page(script, tmp_path):
    """While the first writes, the second ends with one line; the page is the first one's, and whole."""
    with Output(tmp_path / "ranks.csv", Record("rsa_searchlight.py", {"num_layers": 1})) as output:
        output.write_text("ranks.csv", "valence\n1\n2\n")
    tasks = [FEAR, Task("joy", 1), Task("pride", 1)]
    with Output(tmp_path / "activations", Record("get_active_neuron.py", {"num_layers": 1}),
                names=activations.output_names(tasks)) as output:
        for task in tasks:
            activations.write(output, task, np.float32([len(task.concept), task == FEAR]), "digest")
    flags = ["--ranks=ranks.csv", "--activation_dir=activations", "--comments=0"]
    first = subprocess.Popen([sys.executable, "-c", WAITING, str(ROOT / "make_report.py"), *flags, "--top=1"],
                             cwd=tmp_path, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert any(line == "here\n" for line in first.stdout)
    beside = script("make_report.py", *flags, "--top=2", status=2)
    assert beside.stderr == ("make_report.py: report.html: another process is making it; wait until that ends, or "
                             "choose another name\n")
    assert not (tmp_path / "report.html").exists()
    assert first.communicate("go on\n") and first.returncode == 0
    page, record = tmp_path / "report.html", json.loads((tmp_path / "report.json").read_text())
    assert hashlib.sha256(page.read_bytes()).hexdigest() == record["sha256"]["report.html"], "whole, and ours"
    assert page.read_text().rstrip().endswith("</html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "activations", "ranks.csv", "ranks.json", "report.html", "report.json", "report.yaml"]


def test_a_process_that_dies_leaves_its_tasks_to_others(script, tiny_model, tmp_path):
    flags = train_flags(tiny_model, 10)
    process = start("train.py", flags, tmp_path)
    wait_for(lambda: prompts.state_paths(tmp_path / "checkpoint"), process)
    process.send_signal(signal.SIGSTOP)  # it holds its tasks, but does not come to the end of them
    beside = script("train.py", *flags)
    assert "left to another process, which works in the same folder: 2 tasks" in beside.stdout
    process.send_signal(signal.SIGKILL)
    process.wait()
    script("train.py", *flags)
    assert sorted(path.name for path in (tmp_path / "checkpoint").iterdir()) == ["fear-1.pt", "joy-1.pt", "train.yaml"]


@pytest.fixture
def begun(model, tokens, tmp_path):  # noqa: F811
    """A folder of prompts in which training of fear-1 was interrupted."""
    trainer = PromptTrainer(model, tokens, tokens, SETTINGS, positions_per_batch=300)
    run = trainer.run(jobs(("fear", 1, 60)), 1)
    next(run)
    with prompts.Folder(tmp_path, Record("train.py", {})) as folder:
        with Groups(folder, [FEAR], [FEAR], 1) as groups:
            (group,) = groups
            groups.save(group, trainer.state())
        folder.release(FEAR)  # as the end of a process does
        yield folder


def test_training_that_cannot_be_read_now_is_kept(begun, monkeypatch, capsys):
    (path,) = prompts.state_paths(begun.folder)

    def fail(path, *arguments):
        raise UserError(f"{path}: cannot be read (Input/output error)")

    with monkeypatch.context() as broken:
        broken.setattr("framework.files.opening.read_bytes", fail)
        with pytest.raises(UserError, match="Input/output error"), Groups(begun, [FEAR], [FEAR], 1):
            pass
    with Groups(begun, [FEAR], [FEAR], 1) as groups:
        (group,) = groups
        assert group.state.tasks == [FEAR]
        begun.release(FEAR)
    path.write_bytes(b"damaged")
    with Groups(begun, [FEAR], [FEAR], 1) as groups:
        (group,) = groups
        assert group.state is None and "its tasks start anew" in capsys.readouterr().err


def test_letters_that_a_terminal_lacks():
    code = "from framework.running import script; script.run(lambda: print('joie \u00e9'))"
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True,
                             env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (process.returncode, process.stdout) == (0, "joie \\xe9\n"), process.stderr


def test_a_folder_that_is_gone(tmp_path):
    (tmp_path / "gone").mkdir()
    process = subprocess.run(["sh", "-c", 'rmdir "$PWD" && "$0" "$1"', sys.executable, str(ROOT / "gen_mask.py")],
                             cwd=tmp_path / "gone", text=True, capture_output=True)
    assert process.returncode == 2
    assert process.stderr == "gen_mask.py: the folder in which you started this is gone; change to another one\n"


def test_an_environment_of_ones_own_is_let_be(tmp_path):
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "mine").touch()
    process = subprocess.run(["bash", "-c", f"source '{ROOT}/requirements/environment.sh' requirements.txt"],
                             cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"PYTHON": sys.executable})
    assert process.returncode == 2 and "OpenNeuron did not make it; move it away" in process.stderr
    assert [path.name for path in (tmp_path / ".venv").iterdir()] == ["mine"]


def test_what_another_computer_left_where_a_file_system_has_no_locks(monkeypatch, tmp_path, capsys):
    """Nobody can tell whether its process still runs: one line says whose it is, and nothing waits for ever."""
    def without(*_):
        raise OSError(errno.ENOSYS, "no locks")

    monkeypatch.setattr(fcntl, "flock", without)
    monkeypatch.setattr(writing, "_PATIENCE", 0.1)
    place = writing.workplace(tmp_path)
    place.mkdir()
    for name in ("fear-1.pt", "entering"):
        (place / f"{name}.soft").write_text("123456\nanother\n")
    assert writing.take_lock(tmp_path, "fear-1.pt") is None
    said = ("is held by pid 123456 on another, which this host cannot probe. If that process is gone, delete the files "
            "*.soft that name it.")
    assert said in capsys.readouterr().err
    with pytest.raises(UserError, match=f"entering {re.escape(said)}"), writing.lock(tmp_path, "entering", True):
        pass
    held = writing.take_lock(tmp_path, "joy-1.pt")  # names that nobody holds
    assert held is not None and writing.take_lock(tmp_path, "joy-1.pt") is None and not capsys.readouterr().err


def test_a_folder_that_is_a_link_keeps_its_table_by_its_own_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere" / "checkpoint").mkdir(parents=True)
    os.symlink("elsewhere/checkpoint", "mine")
    assert prompts.accuracy_path("mine").parent == Path("mine")


def test_nowhere_to_keep_what_is_compiled(monkeypatch):
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    assert compiled(lambda number: number + 1)(1) == 2


def test_a_clock_that_jumps_changes_no_saving(monkeypatch):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "time", lambda: np.random.default_rng(0).uniform(0, 1e10))
    due = Every(30)
    asked = []
    for now in (101.0, 129.0, 131.0, 132.0, 160.0, 161.0):  # noqa: B007 (the clock reads it)
        asked.append(due())
    assert asked == [False, False, True, False, False, True]


def test_what_an_earlier_run_did_does_not_count_as_speed():
    with Bar(1000, "row") as bar:
        bar.tell("fear", 900, "fear-1 epoch 3", resumed=True)
        time.sleep(0.15)  # the bar averages over no less than a tenth of a second
        bar.tell("fear", 901)
        assert bar.n == 901 and 0 < bar.format_dict["rate"] < 10
        bar.tell("fear", 850, resumed=True)  # another worker takes it up from where it was last saved
        assert bar.n == 850
