"""Write the demonstration corpus: `data/demo/train.csv`, `dev.csv` and `test.csv`.

The rows are in GoEmotions' CSV form: a text and one 0/1 column a label. All of it was written for this project; the
writing is in `demo_material/`, and this script only puts it together. Run it again after a change there (it needs
nothing but Python and takes a second; the same material gives the same files)::

    python data/make_demo.py

A file of material has sections ``[train comments]``, one line each. Every line belongs to one split only.

{label}.txt
    `comments`: whole comments, used as they stand. `events`: clauses that tell what happened and do not name the
    emotion. `feelings`: short sentences that say how it feels, for any event of the emotion. `states`: what can
    follow "I'm"; the emotion's own words, so all splits share them.
pairs.txt
    The same for comments with two labels; where a pair has no events, those of its first label.
frames.txt
    Templates for events, feelings and states. `{E}` stands for an event (`{e}` where it does not open a
    sentence), `{F}` and `{f}` for a feeling, `{S}` for a state. No frame says anything about the emotion.
"""

import csv
import itertools
import random
import re
from collections import Counter
from pathlib import Path

SPLITS = ("train", "dev", "test")
FOLDER = Path(__file__).parent / "demo"
SEED = 20

# Rows made from frames, beside the whole comments: per emotion, per pair of emotions, and of neutral.
FRAMED_ROWS = {
    "train": {"emotion": 48, "pair": 8, "neutral": 150},
    "dev": {"emotion": 12, "pair": 2, "neutral": 44},
    "test": {"emotion": 12, "pair": 2, "neutral": 44},
}


def read_sections(path):
    """Return the lines below each ``[heading]`` of a file of material."""
    sections = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            sections[line.strip("[]")] = section = []
        elif line:
            section.append(line)
    return sections


MATERIAL = {path.stem: read_sections(path) for path in sorted((Path(__file__).parent / "demo_material").glob("*.txt"))}
FRAMES = MATERIAL.pop("frames")
PAIRS = {}  # two labels -> their sections
for heading, written in MATERIAL.pop("pairs").items():
    pair, name = heading.split(": ")
    PAIRS.setdefault(tuple(pair.split()), {})[name] = written
MATERIAL["neutral"] = MATERIAL.pop("neutral")  # GoEmotions' order: 27 emotions, then neutral
LABELS = list(MATERIAL)


def capitalise(text):
    """Return `text` with its first letter in upper case; unlike `str.capitalize` it leaves the rest alone."""
    return text[:1].upper() + text[1:]


def fill(frame, event="", feeling="", state=""):
    """Put an event, a feeling and a state into a frame.

    Parameters
    ----------
    frame : str
        Text with `{E}`, `{F}` (opening a sentence), `{e}`, `{f}` (within one) and `{S}`.
    event, feeling, state : str
        What the frame asks for; a feeling may end with its own question or exclamation mark.

    Returns
    -------
    str
    """
    text = frame.format(E=capitalise(event), e=event, F=capitalise(feeling), f=feeling, S=state)
    return re.sub(r"([!?])\.", r"\1", text)


def generator(*names):
    """Return a separate random generator for a split or label, so a change to one leaves the others' rows alone."""
    return random.Random("-".join(map(str, (SEED, *names))))


def endless(items, rng):
    """Yield `items` in random order, again and again: each is used about as often as the others."""
    while True:
        yield from rng.sample(items, len(items))


def framed_rows(n_rows, frames, material, rng):
    """Make `n_rows` different texts.

    Parameters
    ----------
    n_rows : int
    frames : list of str
    material : dict of str to list of str
        `events`, `feelings` and `states`.
    rng : random.Random

    Returns
    -------
    list of str
    """
    frames = endless(frames, rng)
    events, feelings = endless(material["events"], rng), endless(material["feelings"], rng)
    texts = []
    while len(texts) < n_rows:
        frame = next(frames)
        text = fill(
            frame,
            event=next(events) if re.search(r"\{[Ee]\}", frame) else "",
            feeling=next(feelings) if re.search(r"\{[Ff]\}", frame) else "",
            state=rng.choice(material["states"]) if "{S}" in frame else "",
        )
        # A full stop at the end is often left out on Reddit.
        if text.endswith(".") and not text.endswith("..") and rng.random() < 0.15:
            text = text[:-1]
        if text not in texts:
            texts.append(text)
    return texts


def part_of(material, split):
    """Return what was written for one split: `comments`, `events` and `feelings`."""
    return {name.removeprefix(f"{split} "): written for name, written in material.items() if name.startswith(split)}


def make_split(split):
    """Make the rows of one split.

    Parameters
    ----------
    split : {"train", "dev", "test"}

    Returns
    -------
    list of (str, tuple of str)
        Text and labels, shuffled.
    """
    frames = FRAMES[split]
    n_framed = FRAMED_ROWS[split]
    rows = []

    for label, material in MATERIAL.items():
        part = {**part_of(material, split), "states": material.get("states", [])}
        usable = [frame for frame in frames if part["states"] or "{S}" not in frame]
        n_rows = n_framed["neutral" if label == "neutral" else "emotion"]
        texts = part["comments"] + framed_rows(n_rows, usable, part, generator(split, label))
        rows += [(text, (label,)) for text in texts]

    # A comment with two labels tells an event and a feeling: the feeling is what carries both.
    both = [frame for frame in frames if re.search(r"\{[Ee]\}", frame) and re.search(r"\{[Ff]\}", frame)]
    for pair, material in PAIRS.items():
        part = {"events": MATERIAL[pair[0]][f"{split} events"], **part_of(material, split)}
        texts = part["comments"] + framed_rows(n_framed["pair"], both, part, generator(split, *pair))
        rows += [(text, pair) for text in texts]

    generator(split).shuffle(rows)
    return rows


def words(text):
    """Return the words of a text, in lower case and without punctuation."""
    return re.findall(r"[a-z0-9']+", text.lower())


def runs(texts, length=5):
    """Return every run of `length` words that occurs in `texts`."""
    return {tuple(w[i:i + length]) for w in map(words, texts) for i in range(len(w) - length + 1)}


def material_lines(split):
    """Return everything that was written for one split: frames, events, feelings and whole comments."""
    sources = [part_of(material, split) for material in itertools.chain(MATERIAL.values(), PAIRS.values())]
    return FRAMES[split] + [line for source in sources for written in source.values() for line in written]


def check(splits):
    """Stop if a text has the wrong form, or if two splits share material.

    Parameters
    ----------
    splits : dict of str to list of (str, tuple of str)

    Raises
    ------
    AssertionError
        If a text is empty, too short, too long or a duplicate; if two splits share a frame, an event, a feeling, a
        whole comment or any five words in a row; if a state is more than four words; if a label has too few rows.
    """
    for split, rows in splits.items():
        for text, _ in rows:
            assert 5 <= len(words(text)) <= 30, f"{split}: {len(words(text))} words: {text}"
        twice = [text for text, n in Counter(text for text, _ in rows).items() if n > 1]
        assert not twice, f"{split}: there twice: {twice}"
        count = Counter(label for _, labels in rows for label in labels)
        assert min(count.values()) >= (80 if split == "train" else 25), f"{split}: {count}"
    for material in MATERIAL.values():
        for state in material.get("states", []):
            assert len(words(state)) <= 4, f"too long to be shared by the splits: {state}"
    for one, other in itertools.combinations(SPLITS, 2):
        shared = set(material_lines(one)) & set(material_lines(other))
        assert not shared, f"written for {one} and for {other}: {shared}"
        shared = runs(text for text, _ in splits[one]) & runs(text for text, _ in splits[other])
        assert not shared, f"five words in a row in {one} and in {other}: {[' '.join(run) for run in sorted(shared)]}"


def write(path, rows):
    """Write rows to a CSV file in GoEmotions' form: `text`, then one 0/1 column a label."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["text", *LABELS])
        for text, labels in rows:
            writer.writerow([text, *(int(label in labels) for label in LABELS)])


def main():
    """Make, check and write the three splits."""
    splits = {split: make_split(split) for split in SPLITS}
    check(splits)
    FOLDER.mkdir(exist_ok=True)
    for split, rows in splits.items():
        write(FOLDER / f"{split}.csv", rows)
        count = Counter(label for _, labels in rows for label in labels)
        n_two = sum(len(labels) == 2 for _, labels in rows)
        emotions = [n for label, n in count.items() if label != "neutral"]
        print(
            f"data/demo/{split}.csv: {len(rows)} rows, {min(emotions)} to {max(emotions)} per emotion, "
            f"{count['neutral']} neutral, {n_two} with two emotions"
        )


if __name__ == "__main__":
    main()
