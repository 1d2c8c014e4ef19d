"""The README: its commands run as they stand, its figures and numbers are what they give, its Chinese twin agrees."""

import importlib
import re
import shlex
import subprocess
import sys
import tarfile

import datasets
import numpy as np
import pandas as pd
import pytest
from configargparse import ArgumentParser
from matplotlib.image import imread
from transformers import AutoConfig

from conftest import ROOT
from framework import artifacts
from framework.errors import UserError
from framework.tasks import EMOTIONS

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README-ZH.md").read_text(encoding="utf-8")
SCRIPTS = sorted(path.stem for path in ROOT.glob("*.py"))
DEMO = ROOT / "data" / "demo"
FIGURES = re.findall(r"\((docs/figures/\S+)\)", README)


def code(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def commands(text):
    """Every command of a text's shell blocks, as its words; ``python x.py`` and ``./x.sh`` without what starts them."""
    lines = "".join(code(text, "bash")).replace("\\\n", " ").splitlines()
    return [[word for word in shlex.split(line) if word != "python"] for line in lines]


COMMANDS = commands(README)
WRAPPERS = {"./train.sh": "train.py", "./eval.sh": "eval_mask_neuron.py"}
PUBLISHED = commands(README[README.index("\n## The published results"):README.index("\nNo network")])


@pytest.fixture
def call(monkeypatch, tmp_path):
    """Run a script's `main` in an empty folder of this process."""

    def run(script, *flags):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [script, *map(str, flags)])
        importlib.import_module(script.removesuffix(".py")).main()

    return run


# ------------------------------------------------------------------------------------------------------ what is written


def test_the_chinese_readme_has_the_same_commands_tables_and_figures():
    for language in ("bash", "python", "text"):
        assert code(CHINESE, language) == code(README, language)
    for what in (r"^#+ ", r"^\|", r"\]\((?!README)[^)#]+\)", r"\d+[.,]\d+"):
        assert len(re.findall(what, CHINESE, re.M)) == len(re.findall(what, README, re.M)), what


@pytest.mark.parametrize("name", ["README.md", "README-ZH.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    headings = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
                for heading in re.findall("^#+ (.*)", text, re.M)]
    for link in re.findall(r'(?:\]\(|src=")([^)"]+)', text):
        if link.startswith("#"):
            assert link[1:] in headings, link
        elif not link.startswith("http"):
            assert (ROOT / link).exists(), link


def test_how_to_cite_is_what_the_citation_file_says():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    for key in ("doi: (.*)", "start: \"(.*)\"", "journal: (.*)", "value: \"arXiv:(.*?)\"", "family-names: (.*?),"):
        assert re.findall(key, citation)
        for value in re.findall(key, citation):
            assert value in README and value in CHINESE, value
    assert re.findall('title: "(.*)"', citation)[1] in " ".join(README.replace("\n> ", " ").split())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_scripts_take_the_flags_of_the_command(command, call, monkeypatch, tmp_path):
    artifacts.write_config(tmp_path / "checkpoint" / "train.yaml", {"epochs": 3}, "train.py")  # what a run leaves
    script = WRAPPERS.get(command[0], command[0])
    if not script.endswith(".py"):
        assert script == "source" or (ROOT / script).stat().st_mode & 0o111
        return

    class Parsed(Exception):
        pass

    parse_args = ArgumentParser.parse_args

    def stop(*args):
        parse_args(*args)
        raise Parsed

    monkeypatch.setattr(ArgumentParser, "parse_args", stop)
    with pytest.raises(Parsed):
        call(script, *command[1:])


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_fits_a_screen(script, call, capsys):
    with pytest.raises(SystemExit) as end:
        call(script, "--help")
    lines = capsys.readouterr().out.splitlines()
    assert end.value.code == 0
    assert len(lines) <= 50 and max(map(len, lines)) <= 120


# -------------------------------------------------------------------------------------------------------- what is done


def test_the_six_steps_and_own_ratings_run_in_the_order_of_the_readme(call, tmp_path, tiny_model, capsys):
    tasks = ["--sentiment", "joy", "grief", "anger", "love", "--random_seed", "1", "3"]
    model = [*tasks, "--pretrained_model", tiny_model]
    for split in ("train", "dev", "test"):
        pd.read_csv(DEMO / f"{split}.csv")[::8].to_csv(tmp_path / f"{split}.csv", index=False)
    smaller = {  # appended to the commands: a flag's last value counts
        "train.py": [*model, "--dataset", ".", "--prompt_len", 4, "--epochs", 1],
        "get_active_neuron.py": model,
        "rsa_searchlight.py": ["--permutations", 20],
        "gen_mask.py": ["--thresholds", 8],
        "eval_mask_neuron.py": [*model, "--dataset", "."],
        "plot_results.py": ["--k", 8, "--simulations", 0, "--formats", "png"],
        "make_report.py": ["--pretrained_model", tiny_model, "--dataset", ".", "--top", 2, "--comments", 2],
        "prepare_attributes.py": [], "compare_people.py": ["--permutations", 20]}
    (tmp_path / "data/human").mkdir(parents=True)
    (tmp_path / "data/human/emotion_order.txt").write_text("\n".join(EMOTIONS) + "\n")
    judged = pd.DataFrame(np.random.default_rng(0).integers(1, 10, (5, 351)))
    judged.to_csv(tmp_path / "data/human/similarity_judgment_individual.csv", index=False)
    judged.mean().to_csv(tmp_path / "data/human/similarity_judgment_mean.csv", index=False, header=["judgement"])
    ratings = pd.read_csv(DEMO / "attribute_ratings.csv")[["emotion", "valence", "arousal", "fairness"]]
    ratings.to_csv(tmp_path / "data/human/attribute_ratings.csv", index=False)
    ratings = ratings.melt("emotion", var_name="attribute", value_name="mean")
    noise = np.random.default_rng(0).normal(0, 0.5, (4, len(ratings)))
    pd.concat([ratings.assign(participant=f"p{i}", rating=(1 + 8 * ratings["mean"] + noise[i]).clip(1, 9).round())
               for i in range(4)]).drop(columns="mean").to_csv(tmp_path / "my_ratings.csv", index=False)

    ran = [command for command in COMMANDS
           if WRAPPERS.get(command[0], command[0]) in smaller and command not in PUBLISHED]
    for script, *flags in ran:
        flags += smaller[WRAPPERS.get(script, script)]
        if script in WRAPPERS:
            subprocess.run([ROOT / script, *map(str, flags)], cwd=tmp_path, check=True, capture_output=True)
        else:
            call(script, *flags)
        if script == "prepare_attributes.py":  # what it names as next is what the README gives
            own, = (" ".join(command) for command in COMMANDS if "./neuron_rank/my_ratings.csv" in command)
            assert f"next: python {own}\n" in capsys.readouterr().out
    assert {WRAPPERS.get(command[0], command[0]) for command in ran} == set(smaller)
    for name in ("masks/RSA_14property_layer_matched_overlap.csv", "people/model.csv",
                 "active_neuron_after_relu_csv/joy-all.csv",
                 "eval_mask_neuron_result/RSA_14property_layer_matched/grief-3.json", "ratings/attribute_ratings.csv",
                 "neuron_rank/my_ratings_reliability.csv", "roberta-large/checkpoint/love-1.pt",
                 "pic/Acc_after_masking_correspond_neuron.png", "report.html", "goemotions_prompt_tuning_accuracy.csv"):
        assert (tmp_path / name).exists(), name


def test_the_code_of_step_2_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    for block in code(README, "python"):
        names = {}
        exec(block, names)
        assert [name for name, value in names["model"].named_parameters() if value.requires_grad] == [
            "roberta.embeddings.prompt"]


@pytest.fixture
def publishers_files(shared, published_accuracy, tmp_path):
    """What `download_data.py` fetches, from the reference data."""
    files = tmp_path / "publishers"
    (files / "human").mkdir(parents=True)
    (files / "published").mkdir()
    (files / "goemotions").symlink_to(shared / "data/goemotions")
    (files / "published/masked_accuracy").symlink_to(published_accuracy)
    (files / "published/accuracy.csv").symlink_to(shared / "data/published/accuracy.csv")
    with tarfile.open(shared / "data/published/active_neuron_before_relu_csv.tar.xz") as tar:
        tar.extractall(files / "published", filter="data")
    for path in (shared / "data/human").iterdir():
        (files / "human" / path.name).symlink_to(path)
    # The reference data keep the ratings with their emotions; the publisher has them apart.
    rows = [line.split(",") for line in (shared / "data/human/attribute_ratings.csv").read_text().splitlines()]
    scores = [rows[0][1:], *([f"{float(value):.15g}" for value in row[1:]] for row in rows[1:])]
    (files / "human/attribute_scores.csv").write_text("".join(",".join(row) + "\n" for row in scores))
    (files / "human/emotion_order.txt").unlink()
    (files / "human/emotion_order.txt").write_bytes(b"".join(row[0].encode() + b"\r\n" for row in rows[1:]))
    return files


def test_the_published_results_come_out_as_the_readme_says(call, tmp_path, publishers_files, capsys):
    smaller = {"download_data.py": ["--from", publishers_files], "rsa_searchlight.py": ["--permutations", 20],
               "compare_people.py": ["--permutations", 20], "plot_results.py": ["--simulations", 0]}
    assert [command[0] for command in PUBLISHED] == list(smaller)
    for script, *flags in PUBLISHED:
        call(script, *flags, *smaller[script])

    assert len(FIGURES) == 2
    for name in FIGURES:
        ours, kept = imread(tmp_path / name), imread(ROOT / name)
        assert ours.shape == kept.shape and np.abs(ours - kept).mean() < 0.01, name

    def table(name):
        return pd.read_csv(tmp_path / name)

    emotions = table("docs/figures/accuracy_drop_by_emotion.csv").query("k == 4000").set_index("emotion")
    attributes = table("docs/figures/accuracy_drop_by_attribute.csv").query("k == 4000")
    attributes = 100 * attributes.set_index("attribute")["drop"]
    remorse = emotions.loc["remorse"] * 100
    people = table("runs/published/people/attributes.csv").set_index("attribute")["tau"]
    reliability = table("runs/published/neuron_rank_reliability.csv").set_index("attribute")["reliability"]
    found = table("runs/published/neuron_rank_significant_by_layer.csv")["count"].sum()
    model = table("runs/published/people/model.csv")["tau"][0]
    for number in (f"{table('data/published/accuracy.csv').accuracy.mean():.0%} accuracy",
                   f"{100 * emotions['drop'].mean():.1f} points", f"{(emotions.q < 0.05).sum()} of 27",
                   f"{remorse['drop']:.1f} points, 95% interval {remorse['ci_low']:.1f} to {remorse['ci_high']:.1f}",
                   f"{attributes['happy-face']:+.1f} points (happy-face) to {attributes['arousal']:.1f}",
                   f"{found:,} of",
                   f"happy-face {people['happy-face']:.2f}, valence {people['valence']:.2f}, "
                   f"fairness {people['fairness']:.2f}; the whole model {model:.2f}",
                   f"{reliability.min():.1f} ({reliability.idxmin()}) to "
                   f"{reliability.max():.1f} ({reliability.idxmax()})"):
        assert number in " ".join(README.split()), number


# ---------------------------------------------------------------------------------------------------- what goes wrong

TROUBLE = re.findall(r"^\| `(.*?)` \|", README[README.index("## Troubleshooting"):], re.M)


def offline(*_, **__):
    raise OSError("no route to host")


@pytest.mark.parametrize("start, command", [
    ("--dataset goemotions:", ["train.py"]),
    ("--pretrained_model roberta-base:", ["train.py", "--dataset", "demo"]),
    ("cannot be reached", ["download_data.py", "--mirror", "http://127.0.0.1:9", "--retries", 0]),
    ("fear-1.pt:", ["get_active_neuron.py", "--pretrained_model", "backbone", "--sentiment", "fear",
                    "--random_seed", 1]),
    ("so these are distances:", ["rsa_searchlight.py", "--attributes", "distances.csv"]),
    ("--thresholds 5000:", ["gen_mask.py", "--CSV_Path", "ranks.csv", "--num_layers", 4]),
    ("was made with other settings", ["gen_mask.py", "--CSV_Path", "made.csv", "--num_layers", 4, "--thresholds", 8]),
])
def test_scripts_say_what_the_readme_quotes(start, command, call, monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "load_dataset", offline)
    if "--dataset" in command:
        monkeypatch.setattr(AutoConfig, "from_pretrained", offline)
    (tmp_path / "distances.csv").write_text("valence\n0.5\n")
    for name in ("ranks.csv", "made.csv"):
        pd.DataFrame({"valence": np.arange(1, 4097)}).to_csv(tmp_path / name, index=False)
    if "made.csv" in command:
        call(*command, "--mask_seed", 1)
    with pytest.raises(UserError) as error:
        call(*command)
    quoted, = (line for line in TROUBLE if line.startswith(start))
    assert quoted.partition(" (lr is")[0] in str(error.value)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_say_that_the_environment_is_not_active(name):
    # -S leaves out the folder that packages are installed in.
    process = subprocess.run([sys.executable, "-S", ROOT / f"{name}.py"], capture_output=True, text=True)
    assert process.returncode == 2 and process.stderr.count("\n") == 1
    assert f"{TROUBLE[1]}\n" in process.stderr and process.stderr.startswith(f"{name}.py: No module named ")


def test_ten_errors_are_quoted():
    assert len(TROUBLE) == 10
    assert TROUBLE[0] in (ROOT / "environment.sh").read_text()
    assert TROUBLE[-1] in (ROOT / "framework/cli.py").read_text()
