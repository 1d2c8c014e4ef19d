"""Real files, changed at random, through every reader: what comes out is sound, or there is one line for the user."""

import hashlib
import json
import os
import signal

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.errors import UserError
from framework.files import activations, config, people, prompts, ranks, results, texts, writing
from framework.files import masks as mask_files
from framework.files.record import Output, Record
from framework.files.texts import GOEMOTIONS
from framework.tasks import Task
from tests import test_hostile_files as hostile

FEAR = Task("fear", 1)


def sound_checkpoint(path):
    read = prompts.read(path)
    assert read.best_prompt.isfinite().all() and read.best_prompt.dim() == 2 and 0 <= read.best_acc <= 1
    json.dumps(read.record.as_dict(), ensure_ascii=False, allow_nan=False).encode()
    assert isinstance(read.epoch, int)


def sound_packed(content, read):
    """Read a torch archive whose pickle is the file, with right checksums, which would otherwise stop any change."""
    def packed(path):
        pickled = path.read_bytes()
        path.write_bytes(hostile.zipped(content, change=lambda _: pickled))
        return read(path)

    return packed


def pickle_in(content):
    pickles = []
    hostile.zipped(content, change=lambda pickled: pickles.append(pickled) or pickled)
    return pickles[0]


def sound_masks(path):
    for name, mask in mask_files.read(path).items():
        assert isinstance(name, str) and mask.dim() in (2, 3) and mask.isfinite().all()


def sound_activations(path):
    values, _ = activations.read(path.parent, ["fear"], [1])
    assert np.isfinite(values).all() and values.shape[:2] == (1, 1)


def sound_ranks(path):
    found, _ = ranks.read(path)
    assert all(np.isfinite(rank).all() and rank.max() > 1 for rank in found.values())


def sound_results(path):
    table = results.read_all(path.parent)
    assert list(table["sentiment"]) == ["fear"]
    assert table.drop(columns=["sentiment", "seed"]).to_numpy(float).max() <= 1


def sound_partial(path):
    folder = results.Folder(path.parent, Record("", {}))
    writing.make_folder(folder.partial_path(FEAR).parent)
    folder.partial_path(FEAR).write_bytes(path.read_bytes())
    assert len(folder.take_up(FEAR) - {"best"}) == results.masks_measured(path.parent, FEAR)


def sound_published(path):
    (path.parent / "random").mkdir(exist_ok=True)
    (path.parent / "random" / "fear-1.json").write_bytes(hostile.as_json(RANDOM))
    if not (path.parent / "fear-1.json").exists():
        (path.parent / "fear-1.json").write_bytes(hostile.as_json(PUBLISHED))
    accuracy = path if path.suffix == ".csv" else None
    table = results.read_published(path.parent, path.parent / "random", accuracy)
    assert list(table["sentiment"]) == ["fear"] and table.columns.is_unique
    assert 0 <= table.drop(columns=["sentiment", "seed"]).to_numpy(float).max() <= 1


def sound_judgements(path):
    individual = path.with_name("individual.csv")
    if path != individual:
        individual.write_bytes(INDIVIDUAL)
    mean = path.with_name("mean.csv")
    if path != mean:
        mean.write_bytes(MEAN)
    for judgements in people.read_judgements(mean, individual, ["fear", "joy", "grief"]):
        assert np.isfinite(judgements).all() and judgements.shape[-1] == 3


def sound_record_of_ranks(path):
    path.with_suffix(".csv").write_bytes(RANKS)
    ranks.read(path.with_suffix(".csv"))
    with Output(path.with_suffix(".csv"), Record("rsa_searchlight.py", {"permutations": 0})):
        pass


def sound_record_of_activations(path):
    (path.parent / "fear-1.csv").write_bytes(ACTIVATIONS)
    activations.read(path.parent, ["fear"], [1])
    with Output(path.parent, Record("get_active_neuron.py", {}), names=["fear-1.csv"]) as output:
        activations.left(output, {FEAR: "ab"})
        activations.write_sum(output, "fear")


def sound_attributes(path):
    attributes, concepts, numbers, _ = people.read_attributes(path)
    assert numbers.shape == (len(concepts), len(attributes)) and np.isfinite(numbers).all()


def sound_split(path):
    split = texts.read(str(path.parent), "train")
    assert split.labels.shape == (len(split.texts), len(split.concepts)) and split.labels.dtype == bool
    assert all(isinstance(text, str) for text in split.texts)


RATINGS = b"participant,emotion,attribute,rating\n" + b"".join(
    f"{person},{emotion},valence,{person / 7}\n".encode() for person in range(3) for emotion in GOEMOTIONS)
RANKS = b"valence,arousal\n" + b"".join(b"%d,%d.5\n" % (i, 65 - i) for i in range(1, 65))
ACTIVATIONS = hostile.activations(range(64), torch.randn(64).tolist())
MEAN = b"mean\n0.5\n0.25\n1\n"
INDIVIDUAL = b"0,1,2\n0,0.25,1\n1,0.25,1\n"
PUBLISHED = {"sentiment": "fear", "seed": 1, "best": 0.8, "happy_top1500": 0.7}
PARTIAL = hostile.result(margins={"best": 1.5})
PARTIAL["sha256"] = hashlib.sha256(json.dumps(PARTIAL, sort_keys=True).encode()).hexdigest()
RANDOM = {"sentiment": "fear", "seed": 1, "best": 0.8, "happy_random1500": 0.75}
READERS = {  # name of the file, what it holds, what reads it
    "checkpoint": ("fear-1.pt", hostile.GOOD, sound_checkpoint),
    "old checkpoint": ("fear-1.pt", hostile.saved(hostile.checkpoint(), _use_new_zipfile_serialization=False),
                       sound_checkpoint),
    "pickle of a checkpoint": ("fear-1.pt", pickle_in(hostile.GOOD), sound_packed(hostile.GOOD, sound_checkpoint)),
    "masks": ("masks.pkl", hostile.mask_file(hostile.masks()), sound_masks),
    "activations": ("fear-1.csv", ACTIVATIONS, sound_activations),
    "record of activations": ("settings.json", hostile.as_json(
        {"made_by": "get_active_neuron.py", "prompts": {"fear-1": "ab"},
         "sha256": {"fear-1.csv": hashlib.sha256(ACTIVATIONS).hexdigest()}}), sound_record_of_activations),
    "ranks": ("ranks.csv", RANKS, sound_ranks),
    "record of ranks": ("ranks.json", hostile.as_json(
        {"made_by": "rsa_searchlight.py", "permutations": 0,
         "sha256": {"ranks.csv": hashlib.sha256(RANKS).hexdigest()}}), sound_record_of_ranks),
    "results": ("fear-1.json", hostile.as_json(hostile.result()), sound_results),
    "partial result": ("fear-1.partial", hostile.as_json(PARTIAL), sound_partial),
    "published results": ("fear-1.json", hostile.as_json(PUBLISHED), sound_published),
    "published accuracies": ("accuracy.csv", b"sentiment,random_seed,accuracy\nfear,1,0.75\njoy,1,0.5\n",
                             sound_published),
    "judgements": ("mean.csv", MEAN, sound_judgements),
    "judgements of people": ("individual.csv", INDIVIDUAL, sound_judgements),
    "attributes": ("ratings.csv", b"emotion,valence\n" + b"".join(
        f"{emotion},{i}.25\n".encode() for i, emotion in enumerate(GOEMOTIONS)), sound_attributes),
    "distances": ("distances.csv", b"valence,arousal\n0.5,1\n0.25,2\n1,3\n", lambda path: people.read_attributes(
        path, path.with_name("order.txt").write_text("fear\njoy\ngrief\n") and path.with_name("order.txt"))),
    "ratings": ("ratings.csv", RATINGS, people.read_ratings),
    "order": ("order.txt", "\n".join(GOEMOTIONS).encode(), people.read_emotion_order),
    "config": ("train.yaml", b"# python train.py\nsentiment: [fear, joy]\nlr: 0.02\nlabel_words: [no, 'yes']\n",
               config.read_config),
    "tsv": ("train.tsv", b"thank you\t15\tab1\n\"so\" sad\t25,16\tab2\n" * 5, sound_split),
    "csv": ("train.csv", hostile.corpus_csv(), sound_split),
}


@st.composite
def changed(draw, content):
    """Some bytes flipped, cut out, doubled, inserted, or put elsewhere; sometimes the end cut off."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        first, last = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        last = min(last, first + 200)
        match draw(st.sampled_from(("flip", "cut", "double", "insert", "move", "truncate"))):
            case "flip" if first < len(content):
                content[first] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del content[first:last]
            case "double":
                content[first:first] = content[first:last]
            case "insert":
                content[first:first] = draw(st.binary(max_size=8) | st.sampled_from(
                    (b"nan", b"inf", b"1e999", b"9" * 30, b"-1", b'"', b"\0", b",", b"\n", b"\r", b"\t", b"\xff",
                     b"../", b"[" * 2000, b"\xff\xff\xff\x7f", b"cos\nmkdir\n(S'harm'\ntR.")))
            case "move":
                content[first:last], content[:0] = b"", content[first:last]
            case "truncate":
                del content[first:]
    return bytes(content)


@pytest.mark.parametrize("reader", READERS)
def test_changed_files(reader, tmp_path, monkeypatch):
    name, content, read = READERS[reader]
    monkeypatch.chdir(tmp_path)
    read_from = tmp_path / "folder"
    read_from.mkdir()

    def too_long(signum, frame):
        raise AssertionError("read for more than 20 s")

    before = signal.signal(signal.SIGALRM, too_long)

    @settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", 35)), deadline=None, database=None,
              suppress_health_check=list(HealthCheck))
    @given(changed(content))
    def read_or_refuse(data):
        (read_from / name).write_bytes(data)
        signal.alarm(20)
        try:
            read(read_from / name)
        except UserError as error:
            assert str(read_from) in str(error), "the file is named"
        finally:
            signal.alarm(0)
        assert not (tmp_path / "harm").exists(), "no code was run"

    (read_from / name).write_bytes(content)
    read(read_from / name)
    try:
        read_or_refuse()
    finally:
        signal.signal(signal.SIGALRM, before)
