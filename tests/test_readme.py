"""README and documentation: commands run as they stand, numbers are what they give, links lead somewhere."""

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from argparse import ArgumentParser

import datasets
import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from transformers import AutoConfig

from conftest import ROOT
from framework.analysis.inference import accuracy_drop, placebo, placebo_shares
from framework.errors import UserError
from framework.files import config, results
from framework.files.texts import GOEMOTIONS

PAGES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for folder in (
    "", "backbone", "benchmarks", "data", "data/demo", "docs", "masks", "neuron_rank", "pic")
    for path in sorted((ROOT / folder).glob("*.md"))}
README, CHINESE = PAGES["README.md"], PAGES["README-ZH.md"]
SCRIPTS = sorted(path.stem for path in ROOT.glob("*.py"))
DEMO = ROOT / "data" / "demo"
FIGURES = re.findall(r"\((figures/(?:Neurons_|Acc_)\S+)\)", PAGES["docs/gallery.md"])  # of the published study


def code(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def commands(text):
    """Every command of a text's shell blocks, split into words, without ``python``."""
    lines = "".join(code(text, "bash")).replace("\\\n", " ").splitlines()
    lines = [re.sub(r"python -m (framework\S+)", r"\1.py", line) for line in lines]
    return [[word for word in shlex.split(line) if word != "python"] for line in lines]


STEPS, PUBLISHED = commands(PAGES["docs/steps.md"]), commands(PAGES["docs/published.md"])[:-1]
# The commands of the project's first README must work for ever.
FIRST = [["train.py"], ["./train.sh"], ["get_active_neuron.py"], ["eval_mask_neuron.py"], ["./eval.sh"],
         ["gen_mask.py", "--CSV_Path=./neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv",
          "--mode=14Properties", "--mask_method=1", "--PKL_File=./masks/RSA_14property_top_500_6000.pkl"]]
COMMANDS = list({" ".join(command): command for command in [*FIRST, *(
    command for page in PAGES.values() for command in commands(page))]}.values())
WRAPPERS = {"./train.sh": "train.py", "./eval.sh": "eval_mask_neuron.py"}


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
    for language in ("bash", "text", "bibtex"):
        assert code(CHINESE, language) == code(README, language)
    for what in (r"^#+ ", r"^\|"):
        assert len(re.findall(what, CHINESE, re.M)) == len(re.findall(what, README, re.M)), what
    for what in (r"\]\((?!README)[^)#]+\)", r"\d+(?:[.,]\d+)*"):  # links and numbers, in any order
        assert sorted(re.findall(what, CHINESE)) == sorted(re.findall(what, README)), what


def test_the_readme_is_short():
    def words(text):
        return sum(re.search(r"\w", word) is not None for word in text.split())

    assert words(README[:README.index("\n## What to be careful about")]) <= 1200
    assert words(README) <= 2000


def anchors(text):
    headings = re.findall("^#+ (.*)", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    for link in re.findall(r'(?:\]\(|src=")([^)"]+)', PAGES[name]):
        target, _, anchor = link.partition("#")
        if target.startswith("http"):
            continue
        path = (ROOT / name).parent.joinpath(target).resolve() if target else ROOT / name
        assert path.exists(), link
        if anchor:
            assert anchor in anchors(PAGES[str(path.relative_to(ROOT))]), link


def test_every_page_of_the_documentation_is_in_its_contents():
    contents = "".join(code(PAGES["docs/index.md"], "{toctree}")).splitlines()
    assert {f"docs/{name}.md" for name in contents} >= {name for name in PAGES if name.startswith("docs/")} - {
        "docs/index.md"}


def test_the_way_of_one_comment_goes_through_functions_that_are_there():
    way = PAGES["docs/contributing.md"].partition("## The way of one comment")[2].partition("\n## ")[0]
    assert len(way.strip().splitlines()) <= 15
    names = re.findall(r"`((?:analysis|figures|files|model|training)\.[\w.]+)`", way)
    assert len(names) > 10
    for name in names:
        try:
            importlib.import_module(f"framework.{name}")
        except ModuleNotFoundError:
            room, _, what = name.rpartition(".")
            assert hasattr(importlib.import_module(f"framework.{room}"), what), name
    for path in re.findall(r"`(framework/[\w./]+)`", PAGES["docs/contributing.md"]):
        assert (ROOT / path).exists(), path


def test_how_to_cite_is_what_the_citation_file_says():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    said = "".join(code(README, "bibtex"))
    for key in ("doi: (.*)", "start: \"(.*)\"", "journal: (.*)", "value: \"(arXiv:.*?)\"", "family-names: (.*?),",
                "given-names: (.*?)}", "volume: (.*)", "issue: (.*)"):
        assert re.findall(key, citation)
        for value in re.findall(key, citation):
            assert value in said, value
    assert re.findall('title: "(.*)"', citation)[1] in said


@pytest.fixture
def parse(call, monkeypatch):
    """Read the flags of a command, and do no more."""

    class Parsed(Exception):
        pass

    parse_args = ArgumentParser.parse_args

    def stop(*args):
        parse_args(*args)
        raise Parsed

    def parse(script, *flags):
        with pytest.raises(Parsed):
            call(script, *flags)

    monkeypatch.setattr(ArgumentParser, "parse_args", stop)
    return parse


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_scripts_take_the_flags_of_the_command(command, parse, tmp_path):
    config.write_config(tmp_path / "checkpoint" / "train.yaml", {"epochs": 3}, "train.py")  # what a run leaves
    script = WRAPPERS.get(command[0], command[0])
    if script.endswith(".py"):
        parse(script, *command[1:])
    else:
        assert (script in ("source", "pip", "ruff", "sbatch", "python3") or
                (ROOT / script).stat().st_mode & 0o111)


@pytest.mark.parametrize("study", ["backbone", "smollm2", "pilot"])
def test_scripts_take_the_flags_of_the_studies(study, parse, tmp_path):
    for folder in ("docs", "requirements"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "docs" / "study.sh", tmp_path / "docs")
    (tmp_path / "requirements" / "environment.sh").touch()
    for data in ("goemotions", "models/SmolLM2-135M-Instruct"):
        (tmp_path / "data" / data).mkdir(parents=True)
    (tmp_path / "data" / "goemotions" / "labels.txt").write_text("joy\nneutral")
    printed = subprocess.run(["bash", "-c", f"python() {{ :; }}; export -f python; docs/study.sh {study}"],
                             cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    ran = commands("```bash\n" + "".join(f"{line}\n" for line in re.findall("^[$] (.*)", printed, re.M)) + "```\n")
    assert {script for script, *_ in ran} > {f"{step}.py" for step in (
        "train", "get_active_neuron", "rsa_searchlight", "gen_mask", "eval_mask_neuron", "make_report")}
    # Four concepts are too few to account for 13 attributes.
    assert any("--given" in flags for _, *flags in ran) == (study != "pilot")
    for script, *flags in ran:
        if script != "-c":  # pandas alone
            parse(script, *flags)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("columns, lines", [(120, 75), (80, 120)])
def test_help_fits_a_screen(script, columns, lines, call, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit) as end:
        call(script, "--help")
    printed = capsys.readouterr().out.splitlines()
    assert end.value.code == 0
    assert len(printed) <= lines and max(map(len, printed)) <= columns


# -------------------------------------------------------------------------------------------------------- what is done


def test_the_six_steps_run_in_the_order_of_the_documentation(call, tmp_path, tiny_model, capsys):
    for split in ("train", "dev", "test"):
        pd.read_csv(DEMO / f"{split}.csv")[::8].to_csv(tmp_path / f"{split}.csv", index=False)
    tasks = ["--sentiment", "joy", "grief", "anger", "love", "--seed", "1", "3"]
    smaller = {  # appended to the commands: a flag's last value counts
        "train.py": [*tasks, "--pretrained_model", tiny_model, "--dataset", ".", "--prompt_len", 4, "--epochs", 1],
        "get_active_neuron.py": ["--comments", 8, "--samples", 2],
        "rsa_searchlight.py": ["--permutations", 20, "--seed", 1],
        "gen_mask.py": ["--thresholds", 8],
        "eval_mask_neuron.py": ["--dataset", ".", "--seed", 3],
        "get_neuron_effect.py": ["--dataset", ".", "--max_rows", 4],
        "plot_results.py": ["--k", 8, "--simulations", 0, "--formats", "png"],
        "make_report.py": ["--dataset", ".", "--top", 2, "--comments", 2],
        "compare_people.py": ["--permutations", 20]}
    (tmp_path / "data/human").mkdir(parents=True)
    (tmp_path / "data/human/emotion_order.txt").write_text("\n".join(GOEMOTIONS) + "\n")
    judged = pd.DataFrame(np.random.default_rng(0).integers(1, 10, (5, 351)))
    judged.to_csv(tmp_path / "data/human/similarity_judgment_individual.csv", index=False)
    judged.mean().to_csv(tmp_path / "data/human/similarity_judgment_mean.csv", index=False, header=["judgement"])
    ratings = pd.read_csv(DEMO / "attribute_ratings.csv")[["emotion", "valence", "arousal", "fairness"]]
    ratings.to_csv(tmp_path / "data/human/attribute_ratings.csv", index=False)

    ran = [command for command in STEPS if WRAPPERS.get(command[0], command[0]) in smaller]
    for script, *flags in ran:
        chooses = script == "get_neuron_effect.py" and "--seed" in flags
        flags += smaller[WRAPPERS.get(script, script)] + ["--seed", 1] * chooses
        if script in WRAPPERS:
            subprocess.run([ROOT / script, *map(str, flags)], cwd=tmp_path, check=True, capture_output=True)
        else:
            call(script, *flags)
    assert {WRAPPERS.get(command[0], command[0]) for command in ran} == set(smaller)
    for name in ("checkpoint/love-3.pt", "goemotions_prompt_tuning_accuracy.csv",
                 "active_neuron_after_relu_csv/joy-all.csv", "active_neuron_statistics.csv",
                 "neuron_effect_csv/love-1.csv", "neuron_rank/neuron_rank_by_effect.csv",
                 "masks/RSA_14property_layer_matched.pkl", "masks/RSA_14property_mean.pkl", "people/model.csv",
                 "eval_mask_neuron_result/RSA_14property_layer_matched/grief-3.json",
                 "pic/Acc_after_masking_correspond_neuron.png", "report.html",
                 "eval_mask_neuron_result/effect_top_500_6000/grief-3.json"):
        assert (tmp_path / name).exists(), name


def test_a_concept_set_of_ones_own_goes_from_ratings_to_masks(call, tmp_path, tiny_model, capsys):
    """Five concepts that are no emotions, their ratings, and every command of the README's part on them."""
    generator = np.random.default_rng(0)
    concepts = ["care", "fairness", "loyalty", "authority", "purity"]
    words = {concept: [f"{concept} {i} {word}" for i in range(12) for word in ("yes", "so")] for concept in concepts}
    rows = [(text, *(int(name == concept) for name in concepts)) for concept in concepts for text in words[concept]]
    (tmp_path / "my_texts").mkdir()
    for split in ("train", "dev"):
        generator.shuffle(rows)
        pd.DataFrame(rows, columns=["text", *concepts]).to_csv(tmp_path / "my_texts" / f"{split}.csv", index=False)
    pd.DataFrame([(f"p{i}", concept, attribute, generator.integers(1, 5) + 4 * (at > 1))
                  for i in range(6) for at, concept in enumerate(concepts)
                  for attribute in ("warmth", "duty", "force")],
                 columns=["participant", "concept", "attribute", "rating"]).to_csv(
                     tmp_path / "my_ratings.csv", index=False)

    part = PAGES["README.md"].partition("## Your own study")[2].partition("**Model.**")[0]
    train, read, ratings, searchlight, mask, evaluate = commands(part)
    call(*train, "--pretrained_model", tiny_model, "--prompt_len", 4, "--epochs", 1)
    call(*read)
    all_seeds = searchlight[:searchlight.index("--seed")]
    assert " ".join(["next: python", *all_seeds]) in capsys.readouterr().out
    call(*ratings)
    assert " ".join(["next: python", *all_seeds]) in capsys.readouterr().out.splitlines()
    call(*searchlight, "--permutations", 20)
    assert "moral" in capsys.readouterr().out
    call(*mask, "--thresholds", 8)
    call(*evaluate)
    assert "warning" not in capsys.readouterr().out
    ranks = pd.read_csv(tmp_path / "moral/neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv")
    assert list(ranks) == ["warmth", "duty", "force"] and len(ranks) == 64
    assert len(list((tmp_path / "moral/eval_mask_neuron_result").glob("*/*-*.json"))) == 5


def test_the_code_of_step_2_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    for block in code(PAGES["docs/steps.md"], "python"):
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
    # The reference data have ratings and emotions in one table; the publisher has them in two files.
    rows = [line.split(",") for line in (shared / "data/human/attribute_ratings.csv").read_text().splitlines()]
    scores = [rows[0][1:], *([f"{float(value):.15g}" for value in row[1:]] for row in rows[1:])]
    (files / "human/attribute_scores.csv").write_text("".join(",".join(row) + "\n" for row in scores))
    (files / "human/emotion_order.txt").unlink()
    (files / "human/emotion_order.txt").write_bytes(b"".join(row[0].encode() + b"\r\n" for row in rows[1:]))
    return files


def test_the_published_results_come_out_as_the_readme_says(call, tmp_path, publishers_files, capsys):
    smaller = {"download_data.py": ["--from", publishers_files], "rsa_searchlight.py": ["--permutations", 0],
               "compare_people.py": ["--permutations", 20, "--bootstraps", 20], "plot_results.py": ["--simulations", 0]}
    assert [command[0] for command in PUBLISHED] == list(smaller)
    for script, *flags in PUBLISHED:
        call(script, *flags, *smaller[script])

    assert len(FIGURES) == 2
    for name in FIGURES:
        ours, kept = imread(tmp_path / "runs/published/pic" / name.rpartition("/")[2]), imread(ROOT / "docs" / name)
        assert ours.shape == kept.shape and np.abs(ours - kept).mean() < 0.01, name

    published = tmp_path / "data/published"
    measured = results.read_published(published / "masked_accuracy/attribute", published / "masked_accuracy/random",
                                      published / "accuracy.csv")

    def drops(by, test="masks"):
        return accuracy_drop(measured, by, test).query("k == 4000")

    overall, = drops("overall").itertuples()
    emotions = drops("emotion").set_index("emotion")
    assert not (emotions["q"] < 0.05).any()
    attributes = accuracy_drop(measured, "attribute").set_index(["k", "attribute"])
    assert list(attributes.loc[4000].query("q < 0.05").index) == ["happy-face"]
    remorse, happy_face = emotions.loc["remorse"], attributes.loc[4000, "happy-face"]
    found = placebo_shares(placebo(measured[["sentiment", "seed", "best", *(
        name for name in measured if "_top4000" in name)]])).set_index(["by", "test"])["share"].unstack()
    people = pd.read_csv(tmp_path / "runs/published/people/attributes.csv", index_col="attribute")["tau"]
    reliability = pd.read_csv(tmp_path / "runs/published/neuron_rank_reliability.csv",
                              index_col="attribute")["reliability"]
    readme, page, numbers = (" ".join(PAGES[name].split()) for name in (
        "README.md", "docs/published.md", "docs/inference.md"))
    interval = f"{100 * overall.ci_low:.1f} to {100 * overall.ci_high:.1f}"
    for text, said in (
            (readme, f"prompts reach {measured['best'].mean():.0%} accuracy"),
            (readme, f"costs {100 * overall.drop:.1f} points more"), (readme, interval), (page, f"from {interval}"),
            (readme, f"says that {(drops('emotion', 'study')['q'] < 0.05).sum()} do"),
            (readme, f"Only happy-face's mask costs significantly more ({100 * happy_face['drop']:.1f} points)"),
            (readme, f"it calls {found.loc['emotion', 'study']:.0%} of emotions significant"),
            (numbers, f"calls {found.loc['attribute', 'study']:.0%} of attributes"),
            (numbers, f"Remorse loses most, {100 * remorse['drop']:.1f} points, with a standard error of "
                      f"{100 * remorse['se']:.1f}"),
            (page, f"happy-face (tau {people['happy-face']:.2f}), valence ({people['valence']:.2f}) and fairness "
                   f"({people['fairness']:.2f})"),
            (numbers, f".{10 * reliability.min():.0f} ({reliability.idxmin()}) to .{10 * reliability.max():.0f} "
                      f"({reliability.idxmax()})")):
        assert said in text, said


def test_the_demonstration_finds_what_the_readme_says():
    folder = ROOT / "runs" / "demo"
    found = folder / "neuron_rank" / "neuron_rank_by_searchlight_RSA_14property_replication.csv"
    if not found.exists():
        pytest.skip("./demo.sh has not been run here")
    accuracy, pairs, again, drop = map(float, re.search(
        r"The prompts reach (\d+)% .* find (\d+) neurons .* finds all (\d+) again.* costs ([\d.]+) points "
        "more than masking random", " ".join(README.split())).groups())
    pair = pd.read_csv(found)
    assert (len(pair), (pair["q"] < 0.05).sum()) == (pairs, again)
    measured = results.read_all(folder / "eval_mask_neuron_result/RSA_14property_top_500_6000")
    assert 100 * measured["best"].mean() == pytest.approx(accuracy, abs=1)  # machines round differently
    assert 100 * accuracy_drop(measured, "attribute")["drop"].mean() == pytest.approx(drop, abs=0.5)


# ---------------------------------------------------------------------------------------------------- what goes wrong

TROUBLE = re.findall(r"^\| `(.*?)` \|", PAGES["docs/troubleshooting.md"], re.M)


def offline(*_, **__):
    raise OSError("no route to host")


@pytest.mark.parametrize("start, command", [
    ("--dataset goemotions:", ["train.py"]),
    ("--pretrained_model roberta-base:", ["train.py", "--dataset", "demo"]),
    ("cannot be reached", ["download_data.py", "--mirror", "http://127.0.0.1:9", "--retries", 0]),
    ("exists already, and no record", ["gen_mask.py", "--ranks", "ranks.csv", "--num_layers", 4, "--masks",
                                         "mine.pkl", "--thresholds", 8]),
    ("so it is read as distances", ["rsa_searchlight.py", "--attributes", "distances.csv"]),
    ("--thresholds 5000:", ["gen_mask.py", "--CSV_Path", "ranks.csv", "--num_layers", 4, "--thresholds", 5000]),
    ("was made with other settings", ["gen_mask.py", "--CSV_Path", "made.csv", "--num_layers", 4, "--thresholds", 8]),
])
def test_scripts_say_what_the_page_quotes(start, command, call, monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "load_dataset", offline)
    if "--dataset" in command:
        monkeypatch.setattr(AutoConfig, "from_pretrained", offline)
    (tmp_path / "distances.csv").write_text("valence\n0.5\n")
    (tmp_path / "mine.pkl").write_text("mine")
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


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="these tests run outside an environment")
def test_scripts_in_an_environment_that_lacks_a_package_say_how_to_install_it(script, tmp_path):
    (tmp_path / "pandas.py").write_text("raise ModuleNotFoundError(\"No module named 'pandas'\")")
    process = script("gen_mask.py", status=2, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert process.stderr.count("\n") == 1 and "pip install -r requirements.txt" in process.stderr


def test_ten_errors_are_quoted():
    assert len(TROUBLE) == 10
    assert TROUBLE[0] in (ROOT / "requirements/environment.sh").read_text()
    assert TROUBLE[-1] in (ROOT / "framework/running/script.py").read_text()
