"""The six steps as a user runs them, on the demonstration corpus and a tiny model, and what they say to bad input."""

import json
import os
import pickle
import re
import shlex
import shutil
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import RobertaForMaskedLM

from framework import interventions, measures
from framework.errors import UserError
from framework.files import config, masks, opening, prompts, record, results, writing
from framework.tasks import Task
from framework.training.trainer import PromptTrainer
from tests.conftest import ROOT, make_tiny_model, run_here

EMOTIONS = ["fear", "gratitude", "grief", "joy", "pride", "anger"]
TASKS = ["--sentiment", *EMOTIONS, "--random_seed", 1, 3]
ATTRIBUTES = str(ROOT / "data" / "demo" / "attribute_ratings.csv")
RESULTS = "eval_mask_neuron_result/RSA_14property_top_500_6000"


@pytest.fixture(scope="module")
def study(tmp_path_factory, tiny_model):
    """A folder in which all six steps have run; returns it and what each script printed.

    By default a step does all that its input holds, so only the first is given tasks, model and data.
    """
    folder, printed = tmp_path_factory.mktemp("study"), {}
    for command in (
        ["train.py", *TASKS, f"--pretrained_model={tiny_model}", "--dataset=demo", "--prompt_len", 4, "--epochs", 2,
         "--lr", 0.05],
        ["get_active_neuron.py"],
        ["get_active_neuron.py", "--activation_mode=after_relu"],
        ["get_neuron_effect.py", "--max_rows=20"],
        ["rsa_searchlight.py", "--activation_dir=./active_neuron_before_relu_csv", "--attributes", ATTRIBUTES],
        ["gen_mask.py", "--CSV_Path=./neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv", "--mode=14Properties",
         "--mask_method=1", "--PKL_File=./masks/RSA_14property_top_500_6000.pkl", "--thresholds", 8, 16],
        ["eval_mask_neuron.py"],
    ):
        printed.setdefault(command[0], run_here(folder, *command))
    return folder, printed


def test_all_six_steps(study):
    folder, printed = study
    for emotion in EMOTIONS:
        for seed in (1, 3):
            prompt = prompts.read(folder / "checkpoint" / f"{emotion}-{seed}.pt")
            result = results.read(folder / RESULTS / f"{emotion}-{seed}.json")
            accuracies, margins, areas = result.measured.values()
            assert accuracies["best"] == prompt.best_acc
            assert sum(name.endswith("_random") for name in accuracies) == 14 * 2
            assert areas.keys() == margins.keys() == accuracies.keys()
    accuracies = pd.read_csv(folder / "goemotions_prompt_tuning_accuracy.csv")
    assert list(accuracies.columns) == ["sentiment", "random_seed", "accuracy"] and len(accuracies) == 12
    ranks = pd.read_csv(folder / "neuron_rank" / "neuron_rank_by_searchlight_RSA_14property.csv")
    assert ranks.shape == (64, 14)
    effects = pd.read_csv(folder / "neuron_rank" / "neuron_rank_by_effect.csv")
    assert effects.shape == (64, 6) and list(effects) == sorted(EMOTIONS)
    first = effects["fear"].idxmin()  # masking it costs most
    by_seed = [pd.read_csv(folder / "neuron_effect_csv" / f"fear-{seed}.csv").iloc[0, first] for seed in (1, 3)]
    assert np.mean(by_seed) < 0
    needed = pd.read_csv(folder / "neuron_rank" / "neuron_rank_by_effect_most_needed.csv")
    of_fear = needed[needed["concept"] == "fear"]
    assert len(needed) == 6 * 20 and effects["fear"][of_fear["neuron"]].tolist() == list(range(1, 21))
    most = of_fear.iloc[0]
    assert (most["layer"], most["unit"]) == divmod(first, 32)
    np.testing.assert_allclose(most[["effect", "lowest", "highest"]].astype(float),
                               [np.mean(by_seed), min(by_seed), max(by_seed)], rtol=1e-5)
    assert most["concepts"] == (effects[first:first + 1] <= 20).to_numpy().sum()


def test_scripts_say_what_they_wrote_and_what_comes_next(study):
    _, printed = study
    for name, process in printed.items():
        assert "next:" in process.stdout, name
    assert "fear-1" in printed["train.py"].stderr, "the bar names the task"
    placebo = (r"placebo by attribute, the mask as the unit: .* a one-sided p < 0.05 in [\d.]+% of 28 tests, "
               r"by margin in [\d.]+%, by AUC in [\d.]+%")
    assert re.search(placebo, printed["eval_mask_neuron.py"].stdout)


def test_the_two_figures_of_the_study(here, copy):
    here("plot_results.py", "--rank", "./neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv", "--results",
         RESULTS, "--k", 16, "--formats=png")
    for name in ("Neurons_Correspond_Selectively_to_Emotional_Attributes", "Acc_after_masking_correspond_neuron"):
        assert (copy / "pic" / f"{name}.png").stat().st_size > 10_000


def test_prompts_that_are_shared_give_what_they_were_rounded_from(here, copy, tiny_model):
    before = {kind: np.loadtxt(copy / f"{kind}_csv" / "joy-1.csv", delimiter=",", skiprows=1)
              for kind in ("active_neuron_before_relu", "neuron_effect")}
    result = results.read(copy / RESULTS / "joy-1.json")
    printed = here("framework/running/share.py", "--into", "small").stdout
    assert "next: python get_active_neuron.py --checkpoint_dir small" in printed
    assert "holds the prompts themselves" in one_line(here(
        "framework/running/share.py", "--checkpoint_dir", "small", "--into", "small", status=2))
    for name, output in (("get_active_neuron.py", "--activation_dir"), ("get_neuron_effect.py", "--effects"),
                         ("eval_mask_neuron.py", "--results")):
        here(name, "--checkpoint_dir=small", output, name[:-3], *["--max_rows=20"] * ("effect" in name))
    for kind, name in zip(before, ("get_active_neuron", "get_neuron_effect")):
        again = np.loadtxt(copy / name / "joy-1.csv", delimiter=",", skiprows=1)
        np.testing.assert_allclose(again, before[kind], atol=0.02 * np.abs(before[kind]).max())
    again = results.read(copy / "eval_mask_neuron" / "joy-1.json")
    assert np.isclose(again.measured["margin"]["best"], result.measured["margin"]["best"], rtol=0.02)
    assert "no final prompt" in one_line(here("get_active_neuron.py", "--checkpoint_dir=small", "--prompt=final",
                                              "--activation_dir=other", status=2))
    (copy / "published").mkdir()
    prompt = torch.load(copy / "small" / "joy-1.pt")
    torch.save({name: prompt[name] for name in ("best_prompt", "best_acc")}, copy / "published" / "joy-1.pt")
    here("get_active_neuron.py", "--checkpoint_dir=published", "--activation_dir=third",
         f"--pretrained_model={tiny_model}")


def test_after_relu_counts(study):
    folder, _ = study
    sums = pd.read_csv(folder / "active_neuron_after_relu_csv" / "fear-all.csv").to_numpy()[0]
    each = [pd.read_csv(folder / "active_neuron_after_relu_csv" / f"fear-{seed}.csv").to_numpy()[0] for seed in (1, 3)]
    assert set(np.unique(each)) == {0, 1} and (sums == np.sum(each, axis=0)).all()


def train_flags(tiny_model, *more):
    return ("train.py", "--sentiment", "fear", "--random_seed", 1, "--pretrained_model", tiny_model, "--dataset=demo",
            "--prompt_len=4", "--epochs=1", *more)


def test_the_same_command_again_trains_nothing_and_gives_the_same_bytes(here, tmp_path, tiny_model):
    here(*train_flags(tiny_model))
    first = (tmp_path / "checkpoint" / "fear-1.pt").read_bytes()
    assert "1 finished before" in here(*train_flags(tiny_model)).stdout
    (tmp_path / "checkpoint" / "fear-1.pt").unlink()
    here(*train_flags(tiny_model))
    assert (tmp_path / "checkpoint" / "fear-1.pt").read_bytes() == first


def test_other_settings_are_refused_and_overwrite_replaces(here, tmp_path, tiny_model):
    here(*train_flags(tiny_model))
    first = (tmp_path / "checkpoint" / "fear-1.pt").read_bytes()
    refused = here(*train_flags(tiny_model, "--lr=0.1"), status=2)
    assert "lr is 0.002 there and 0.1 here" in refused.stderr and "--overwrite" in refused.stderr
    assert (tmp_path / "checkpoint" / "fear-1.pt").read_bytes() == first
    here(*train_flags(tiny_model, "--lr=0.1", "--overwrite"))
    assert prompts.read(tmp_path / "checkpoint" / "fear-1.pt").record.get("lr") == 0.1


def test_a_prompt_that_diverges_leaves_nothing_behind(here, tiny_model, tmp_path):
    line = here(*train_flags(tiny_model, "--lr=1e38"), status=2).stderr.splitlines()[-1]
    assert "not written, since the loss or prompt became infinite or NaN: fear-1 (epoch 1); train all with" in line
    assert "a smaller --lr" in line
    assert not list((tmp_path / "checkpoint").glob("*.pt"))
    here(*train_flags(tiny_model))


@pytest.mark.parametrize("how", [(), ("--epochs=2",), ("--tasks_per_batch=1",)])
def test_a_task_that_diverges_costs_itself_alone(here, tmp_path, tiny_model, monkeypatch, how):
    start = PromptTrainer._initial_prompt
    monkeypatch.setattr(PromptTrainer, "_initial_prompt", lambda trainer, task: start(trainer, task) * (
        1e30 if task.concept == "joy" else 1))
    command = train_flags(tiny_model, "--sentiment", "love", "joy", "fear", *how)
    for _ in range(2):
        line = here(*command, status=2).stderr.splitlines()[-1]
        assert "infinite or NaN: joy-1 (epoch 1);" in line
    assert sorted(path.name for path in (tmp_path / "checkpoint").glob("*.pt")) == ["fear-1.pt", "love-1.pt"]
    assert len(pd.read_csv(tmp_path / "goemotions_prompt_tuning_accuracy.csv")) == 2
    assert not list((tmp_path / "checkpoint" / ".openneuron").glob("*.state"))


def test_a_task_that_diverges_leaves_no_older_prompt_unnamed(here, tmp_path, tiny_model):
    here(*train_flags(tiny_model, "--sentiment", "fear", "joy"))
    line = here(*train_flags(tiny_model, "--sentiment", "fear", "joy", "--lr=1e38", "--overwrite"),
                status=2).stderr.splitlines()[-1]
    assert "infinite or NaN: fear-1 (epoch 1), joy-1 (epoch 1);" in line
    assert line.endswith("checkpoint/fear-1.pt is of other settings, move it away")


def test_what_training_is_told_is_recorded(here, tiny_model, tmp_path):
    here(*train_flags(tiny_model, "--prompt_init=words", "--select=none", "--max_train_rows=20", "--gather",
                      "--text_states_gb=1"))
    prompt = prompts.read(tmp_path / "checkpoint" / "fear-1.pt")
    assert [prompt.record.get(name) for name in ("prompt_init", "select", "max_train_rows")] == ["words", "none", 20]
    assert torch.equal(prompt.best_prompt, prompt.final_prompt)


def test_a_run_writes_the_flags_that_another_takes(here, tmp_path, tiny_model):
    here(*train_flags(tiny_model, "--lr=0.03"))
    path = tmp_path / "checkpoint" / "train.yaml"
    assert f"--config {os.path.join('checkpoint', 'train.yaml')}" in path.read_text()
    here("train.py", "--config", path, "--checkpoint_dir=again")  # the command line goes before the file
    assert (tmp_path / "again" / "fear-1.pt").read_bytes() == (tmp_path / "checkpoint" / "fear-1.pt").read_bytes()
    settings = config.read_config(tmp_path / "again" / "train.yaml")
    assert settings == {**config.read_config(path), "checkpoint_dir": "again", "save_seconds": "30.0"}  # was "30"
    assert settings["lr"] == "0.03" and settings["sentiment"] == ["fear"]


def test_the_flags_of_a_step_in_a_study_name_its_files(here, tmp_path):
    (tmp_path / "mine/neuron_rank").mkdir(parents=True)
    (tmp_path / "mine/neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv").write_text("valence\n2\n1\n")
    here("gen_mask.py", "--study=mine", "--num_layers=1", "--thresholds=1")
    path = tmp_path / "mine/masks/RSA_14property_top_500_6000.yaml"
    before = path.with_suffix(".pkl").stat().st_mtime_ns
    here("gen_mask.py", "--config", path)  # without --study
    assert path.with_suffix(".pkl").stat().st_mtime_ns == before and os.listdir(tmp_path) == ["mine"]


def test_a_study_stands_in_one_folder(here, tmp_path, tiny_model):
    said = here(*train_flags(tiny_model, "--study=mine"))
    assert "next: python get_active_neuron.py --study mine\n" in said.stdout
    said = here("get_active_neuron.py", "--study=mine")
    assert (tmp_path / "mine/active_neuron_before_relu_csv/fear-1.csv").exists()
    assert "next: python rsa_searchlight.py --study mine --attributes " in said.stdout
    (tmp_path / "flags.yaml").write_text("study: mine\n")
    said = here("get_active_neuron.py", "--config=flags.yaml", "--activation_dir=other")
    assert "next: python rsa_searchlight.py --study mine " in said.stdout


def test_neurons_of_prompts_that_were_trained_otherwise_are_not_mixed(here, tmp_path, tiny_model):
    read, measure = ["get_active_neuron.py", "--activation_dir=act"], ["get_neuron_effect.py", "--effects=effects"]
    for step in ([*train_flags(tiny_model)], read, measure):
        here(*step)
    before = {path: path.read_bytes() for path in tmp_path.glob("[ae]*/*.csv")}
    here(*train_flags(tiny_model, "--lr=0.1", "--checkpoint_dir=other"))
    for step in (read, measure):
        line = one_line(here(*step, "--checkpoint_dir=other", status=2))
        assert "fear-1.csv: was made with a prompt that was trained with other settings than fear-1" in line
    assert before and {path: path.read_bytes() for path in before} == before
    here(*read, "--checkpoint_dir=other", "--overwrite")
    assert (tmp_path / "act/fear-1.csv").read_bytes() != before[tmp_path / "act/fear-1.csv"]


@pytest.mark.parametrize(("flags", "part"), [
    (["--checkpoint_dir=-x"], "looks like a flag; write ./-x"), (["--study=study.csv"], "must not end in .csv"),
    (["--text_states_gb=1e300"], "a number from 0 to 10^6")])
def test_a_flag_that_would_end_badly(here, tiny_model, flags, part):
    assert part in one_line(here(*train_flags(tiny_model), *flags, status=2))


def test_a_study_that_moved_takes_its_flags_along(here, tmp_path, tiny_model):
    here(*train_flags(tiny_model, "--study=mine"))
    shutil.move(tmp_path / "mine", tmp_path / "yours")
    here("train.py", "--config=yours/checkpoint/train.yaml", "--study=yours", "--seed=3")
    assert sorted(os.listdir(tmp_path)) == ["yours"] and (tmp_path / "yours/checkpoint/fear-3.pt").exists()
    status = here("train.py", "--study=yours", "--status").stdout
    assert "2 tasks: 2 done, 0 in progress, 0 left" in status
    here("get_active_neuron.py", "--study=yours")
    config = "--config=yours/active_neuron_before_relu_csv/get_active_neuron.yaml"
    here("get_active_neuron.py", config, "--study=third", "--checkpoint_dir=yours/checkpoint")  # as it says
    assert (tmp_path / "third/active_neuron_before_relu_csv/fear-3.csv").exists()


def test_texts_that_are_cut_are_counted(here, tmp_path, tiny_model):
    assert "the most that is read" not in here(*train_flags(tiny_model)).stdout
    (tmp_path / "texts").mkdir()
    for name in ("train", "dev"):
        (tmp_path / f"texts/{name}.csv").write_text("text,awe\nso,1\nno,0\n" + f"{'word ' * 99},1\nnot,0\n")
    said = here("train.py", "--seed=1", f"--pretrained_model={tiny_model}", "--dataset=texts", "--prompt_len=4",
                "--epochs=1", "--max_length=20", "--study=cut").stdout
    assert "2 of 8 comments reach 20 tokens, the most that is read of one" in said
    assert "warning: 4 comments of dev are in train, too" in said


def test_comments_that_chose_the_neurons_are_named(here, copy):
    here("gen_mask.py", "--ranks=neuron_rank/neuron_rank_by_effect.csv", "--thresholds=8", "--masks=by_effect.pkl")
    evaluate = "eval_mask_neuron.py", "--masks=by_effect.pkl", "--seed=1", "--sentiment=fear", "--max_rows=4"
    said = "also chose the neurons of the masks; test on others, such as --split test"
    assert f"the comments of dev {said}" in here(*evaluate, "--results=dev").stdout
    assert said not in here(*evaluate, "--results=test", "--split=test").stdout


def test_results_of_masks_from_other_ranks_are_named(here, copy):
    drawn = "plot_results.py", "--results", RESULTS, "--simulations=0", "--formats=png", "--ranks"
    ranks = "neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv"
    assert "other ranks" not in here(*drawn, ranks).stdout
    here("rsa_searchlight.py", "--attributes", ATTRIBUTES, "--seed=1", "--overwrite")
    assert f"{RESULTS}: its masks were made from other ranks than {ranks}" in here(*drawn, ranks).stdout


def test_prompts_that_chose_no_neuron_are_named_to_test_the_masks(here, copy):
    ranked = "rsa_searchlight.py", "--attributes", ATTRIBUTES, "--seed=1", "--ranks=of_1.csv"
    here(*ranked)
    said = here("gen_mask.py", "--ranks=of_1.csv", "--thresholds=8", "--masks=masks_of_1.pkl").stdout
    assert "next: python eval_mask_neuron.py --masks masks_of_1.pkl --seed 3\n" in said


def test_neurons_read_over_comments_are_kept_apart(here, copy):
    line = one_line(here("get_active_neuron.py", "--read_over=10", status=2))
    assert "kind is" in line and "--overwrite" in line
    here("get_active_neuron.py", "--read_over=10", "--output_dir=over")
    alone, over = (pd.read_csv(copy / folder / "fear-1.csv").to_numpy()[0]
                   for folder in ("active_neuron_before_relu_csv", "over"))
    assert len(over) == 64 and 0 < np.abs(alone - over).max()
    here("rsa_searchlight.py", "--activation_dir=over", "--attributes", ATTRIBUTES, "--permutations=20",
         "--ranks=over/ranks.csv")
    here("gen_mask.py", "--ranks=over/ranks.csv", "--thresholds=8", "--masks=over.pkl")
    assert masks.read(copy / "over.pkl")["valence_top8"].shape == (2, 32)


def test_prompts_of_different_trainings_are_named(here, copy, tiny_model):
    ranked = "rsa_searchlight.py", "--activation_dir=mixed", "--attributes", ATTRIBUTES, "--ranks=mixed/ranks.csv"
    assert "differently" not in here("get_active_neuron.py", "--output_dir=mixed").stdout + here(*ranked).stdout
    here(*train_flags(tiny_model, "--negatives=strict"), "--checkpoint_dir=strict")
    shutil.copy(copy / "strict/fear-1.pt", copy / "checkpoint/fear-1.pt")
    said = here("get_active_neuron.py", "--output_dir=mixed", "--overwrite").stdout
    assert "were trained differently (" in said and "fear-1.pt" in said
    assert "mixed holds activations of prompts that were trained differently" in here(*ranked, "--overwrite").stdout


def test_statistics_of_neurons(here, tmp_path, tiny_model):
    said = here("get_active_neuron.py", "--statistics", "--comments=30", "--samples=3", "--dataset=demo",
                "--pretrained_model", tiny_model)
    assert "over 30 comments" in said.stdout and "gen_mask.py" in said.stdout
    table = pd.read_csv(tmp_path / "active_neuron_statistics.csv")
    assert list(table) == ["mean", "sd", "mean_abs", "share_above_0", "sample1", "sample2", "sample3"]
    assert len(table) == 64 and (table.mean_abs >= table["mean"].abs()).all() and (table.sd > 0).all()
    assert table.share_above_0.between(0, 1).all() and np.corrcoef(table["mean"], table.sample1)[0, 1] > 0.1
    assert "with other settings (comments is 30 there and 20 here)" in one_line(here(
        "get_active_neuron.py", "--statistics", "--comments=20", "--samples=3", "--dataset=demo", "--pretrained_model",
        tiny_model, status=2))


def test_masks_with_statistics_of_other_data(here, copy):
    (copy / "other").mkdir()
    pd.read_csv(ROOT / "data/demo/train.csv")[::2].to_csv(copy / "other/train.csv", index=False)
    masks_of = ["gen_mask.py", "--mask_method=mean", "--thresholds=8", "--masks=masks/mean.pkl", "--overwrite"]
    evaluate = ["eval_mask_neuron.py", "--masks=masks/mean.pkl", "--seed=1", "--max_rows=4"]
    here("get_active_neuron.py", "--statistics", "--comments=30", "--samples=3", "--dataset=other")
    here(*masks_of)
    line = one_line(here(*evaluate, status=2))
    assert "masks/mean.pkl: was made with statistics of other comments than the training comments of demo" in line
    here("get_active_neuron.py", "--statistics", "--comments=30", "--samples=3", "--overwrite")
    here(*masks_of)
    here(*evaluate)
    (copy / "other/train.csv").write_text("text,joy\n,1\n,0\n")
    line = one_line(here("get_active_neuron.py", "--statistics", "--dataset=other", "--overwrite", status=2))
    assert "--dataset other: the comments have no token but special ones" in line
    line = one_line(here("get_active_neuron.py", "--statistics", "--prompts=study", "--comments=5", status=2))
    assert "--prompts study: each comment is read with one prompt, and 5 comments are too few for 12 prompts" in line


def test_ranks_by_effect_of_any_name_are_no_attributes(here, copy):
    here("get_neuron_effect.py", "--max_rows=20", "--ranks=mine.csv")
    here("gen_mask.py", "--ranks=mine.csv", "--thresholds=8")
    assert "fear_top8" in masks.read(copy / "masks" / "effect_top_500_6000.pkl")
    (copy / "masks" / "effect_top_500_6000.pkl").rename(copy / "own.pkl")
    (copy / "masks" / "effect_top_500_6000.json").rename(copy / "own.json")
    said = here("eval_mask_neuron.py", "--masks=own.pkl", "--seed=1", "--sentiment=fear", "--max_rows=4").stdout
    assert "next: python plot_results.py --effect_results eval_mask_neuron_result/own" in said
    # Without its record, the same masks and rows go on in the same folder.
    (copy / "own.json").unlink()
    here("eval_mask_neuron.py", "--masks=own.pkl", "--seed=1", "--sentiment", "fear", "joy", "--max_rows=4")


@pytest.mark.parametrize("name", ["mine.csv", "mine_effect.csv", "mine_most_needed.csv"])
def test_ranks_of_others_are_refused_before_any_effect(here, copy, name):
    (copy / name).write_text("mine\n")
    line = one_line(here("get_neuron_effect.py", "--max_rows=20", "--effects=new", "--ranks=mine.csv", status=2))
    assert f"{name}: exists already, and no record says that this program made it" in line
    assert not (copy / "new").exists() and not (copy / "mine.json").exists()


def test_masks_with_statistics_of_another_model(here, copy):
    """A user's own ranks have no record of their model, but the statistics do."""
    make_tiny_model(copy / "model", seed=1)
    shutil.copy(copy / "neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv", copy / "ranks.csv")
    here("get_active_neuron.py", "--statistics", "--comments=30", "--samples=3", "--pretrained_model=model",
         "--dataset=demo")
    here("gen_mask.py", "--ranks=ranks.csv", "--num_layers=2", "--mask_method=mean", "--thresholds=8",
         "--masks=masks/mean.pkl")
    line = one_line(here("eval_mask_neuron.py", "--masks=masks/mean.pkl", "--seed=1", "--max_rows=4", status=2))
    assert "masks/mean.pkl: was made from ranks or statistics of another model than" in line


def test_every_step_writes_its_flags(study):
    folder, _ = study
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.yaml")} == {
        "checkpoint/train.yaml", "active_neuron_before_relu_csv/get_active_neuron.yaml",
        "active_neuron_after_relu_csv/get_active_neuron.yaml",
        "neuron_effect_csv/get_neuron_effect.yaml",
        "neuron_rank/neuron_rank_by_searchlight_RSA_14property.yaml", "masks/RSA_14property_top_500_6000.yaml",
        f"{RESULTS}/eval_mask_neuron.yaml"}


@pytest.mark.parametrize(("content", "part"), [
    ("sentimen: joy", "no flag --sentimen"), ("dataset: demo\nsentiment: jy", "jy"),
    ("<<: {epochs: 3}", "neither a value"), ("epochs: 0x" + "f" * 5000, "--epochs"),
    ("sentiment: [fear, --overwrite]", "looks like a flag"), ("label_words: [no]", "label_words takes 2 values"),
    ("status: maybe", "status must be true or false"), ("prompt_init: zero", "none of normal, mask, words, text:..."),
    ("sentiment: joy\nconcept: fear", "are two names of one flag"),
    ("epochs: !!python/object/apply:os.mkdir [harm]", "epochs takes one value, not a list")])
def test_config_with_a_wrong_flag(here, tmp_path, content, part):
    (tmp_path / "flags.yaml").write_text(content)
    assert part in one_line(here("train.py", "--config=flags.yaml", status=2))
    assert not (tmp_path / "harm").exists(), "no code was run"


def test_tensorboard(here, tmp_path, tiny_model):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    here(*train_flags(tiny_model, "--epochs=3", "--lr=0.05", "--tensorboard=board"))
    events = accumulator.EventAccumulator(str(tmp_path / "board")).Reload()
    accuracies = events.Scalars("dev_accuracy/fear-1")
    prompt = prompts.read(tmp_path / "checkpoint" / "fear-1.pt")
    assert [event.step for event in accuracies] == [1, 2, 3]
    assert max(event.value for event in accuracies) == pytest.approx(prompt.best_acc)
    losses = [event.value for event in events.Scalars("train_loss/fear-1")]
    assert len(losses) == 3 and all(0 < loss < 5 for loss in losses)


def one_line(process):
    lines = process.stderr.strip().splitlines()
    assert len(lines) == 1, process.stderr
    return lines[0]


@pytest.fixture
def copy(study, tmp_path):
    """The finished study, copied, for a test to damage."""
    shutil.copytree(study[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_unknown_concept(here):
    line = one_line(here("train.py", "--sentiment", "hapiness", "--dataset=demo", status=2))
    assert "hapiness" in line and "joy" in line


@pytest.mark.parametrize("flag", [
    "--epochs=0", "--epochs=x", "--lr=-1", "--lr=nan", "--train_batch_size=0", "--random_seed=-1",
    "--random_seed=4294967296", "--max_length=2", "--precision=fp8", "--warmup_steps=3", "--negatives=all",
    f"--tasks_per_batch=1{'0' * 300}", "--checkpoint_dir=\udcff", "--study=a\nb"])
def test_bad_flag(here, flag):
    assert flag.partition("=")[0] in one_line(here("train.py", flag, status=2))


@pytest.mark.parametrize("command, said", [
    (["prepare_attributes.py", "--ratings=ratings.csv", "--q=nan"], "--q"),
    (["train.py", "--dataset=demo", "--select=none", "--patience=3"], "leave one of the two out"),
    (["eval_mask_neuron.py", f"--masks_per_batch=1{'0' * 300}"], "--masks_per_batch"),
    (["gen_mask.py"], "rsa_searchlight.py (step 4)"), (["get_active_neuron.py"], "train.py (step 1)"),
    (["rsa_searchlight.py", "--attributes", ATTRIBUTES], "get_active_neuron.py (step 3)"),
    (["plot_results.py", "--results=results"], "eval_mask_neuron.py (step 6)")])
def test_what_is_missing_or_impossible_is_named_with_its_maker(here, command, said):
    assert said in one_line(here(*command, status=2))


def test_flags_may_be_cut_short_and_go_by_their_old_names():
    from framework.running import flags as known

    def parse(*arguments):
        parser = known.Parser("")
        known.add_path(parser, "--ranks", "--CSV_Path", "--rank", default=known.RANKS, help="", metavar="FILE")
        known.add_path(parser, "--results", default="results/{ranks.stem}", help="")
        parser.add_argument("--random_draws", type=int, default=1, help="")
        known.add_task_flags(parser)
        return parser.parse(arguments)

    flags = parse("--CSV", "a/b.csv", "--sent", "joy", "fear", "--random_s=3", "--st", "s")
    assert str(flags.ranks) == "a/b.csv" and str(flags.results) == "s/results/b"
    assert (flags.sentiment, flags.seed, flags.random_draws) == (["joy", "fear"], [3], 1)
    with pytest.raises(UserError, match="--ran could be --random_draws or --ranks or --seed"):
        parse("--ran=3")
    with pytest.raises(UserError, match="unrecognized arguments: --other"):
        parse("--other")


@pytest.mark.parametrize("name", ["train.py", "get_active_neuron.py", "get_neuron_effect.py", "eval_mask_neuron.py"])
def test_help_comes_before_the_libraries(name, script):
    code = ("import sys, runpy; sys.argv = [sys.argv[1], '--help']\n"
            "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
            "finally: assert not {'torch', 'transformers', 'pandas', 'matplotlib'} & set(sys.modules)")
    began = time.monotonic()
    said = subprocess.run([sys.executable, "-c", code, ROOT / name], text=True, capture_output=True,
                          env={**os.environ, "COLUMNS": "120", "PYTHONPATH": str(ROOT)})
    assert said.returncode == 0 and time.monotonic() - began < 5, said.stderr  # a second on a machine at rest
    step, *groups = re.findall(r"^([a-z ]+):\n", said.stdout, re.M)
    assert step not in ("tasks", "model", "data", "options") and groups[-1] == "every script"


def test_a_script_that_nobody_listens_to(tmp_path, tiny_model):
    """Output that is closed, cut off, or goes to a full disk."""
    command = [sys.executable, str(ROOT / "train.py"), *map(str, train_flags(tiny_model)[1:])]
    for redirection, status in (("<&- >&- 2>&-", 0), ("| head -c 0; exit ${PIPESTATUS[0]}", 0), ("> /dev/full", 2),
                                ("--seed=3 2>&1 | head -c 1; exit ${PIPESTATUS[0]}", 0)):
        if "full" in redirection and not os.path.exists("/dev/full"):
            continue
        ended = subprocess.run(["bash", "-c", f'"$@" {redirection}', "bash", *command], cwd=tmp_path, text=True,
                               capture_output=True)
        assert ended.returncode == status, (redirection, ended.stderr)
        assert "Traceback" not in ended.stderr and "Exception ignored" not in ended.stderr
    for seed in (1, 3):  # the work is done
        prompts.read(tmp_path / "checkpoint" / f"fear-{seed}.pt")


def test_missing_prompt(here, copy):
    (copy / "checkpoint" / "fear-1.pt").unlink()
    for name in ("get_active_neuron.py", "eval_mask_neuron.py", "get_neuron_effect.py"):
        line = one_line(here(name, *TASKS, status=2))
        assert "fear-1" in line and "train.py" in line
    assert "train.py (step 1) makes" in one_line(here("eval_mask_neuron.py", "--checkpoint_dir=none", status=2))


def test_prompt_of_another_width(here, copy):
    torch.save({"best_prompt": torch.zeros(4, 24), "best_acc": 0.5}, copy / "checkpoint" / "fear-1.pt")
    for name in ("eval_mask_neuron.py", "get_active_neuron.py"):
        assert "[4, 24]" in one_line(here(name, status=2))
    (copy / "alone").mkdir()
    shutil.copy(copy / "checkpoint" / "fear-1.pt", copy / "alone")
    for name in ("eval_mask_neuron.py", "get_active_neuron.py"):
        line = one_line(here(name, "--checkpoint_dir=alone", "--dataset=demo", "--pretrained_model",
                             prompts.read(copy / "checkpoint" / "joy-1.pt").record.get("pretrained_model"), status=2))
        assert "fear-1.pt" in line and "width 24" in line and "16" in line


def test_prompts_of_another_backbone(here, tiny_model, copy):
    shutil.copytree(tiny_model, copy / "other")
    model = RobertaForMaskedLM.from_pretrained(tiny_model)
    torch.nn.init.normal_(model.roberta.encoder.layer[0].output.dense.weight)
    model.save_pretrained(copy / "other")
    for name in ("eval_mask_neuron.py", "get_active_neuron.py"):
        line = one_line(here(name, "--pretrained_model=other", status=2))
        assert "-1.pt: was trained on" in line and "--pretrained_model" in line


def test_a_copy_of_the_backbone_and_of_the_data_are_the_same(here, tiny_model, copy):
    shutil.copytree(tiny_model, copy / "moved")
    shutil.copytree(os.path.dirname(ATTRIBUTES), copy / "data")
    flags = ["--pretrained_model=moved", "--dataset=data", "--prompt_len", 4, "--epochs", 2, "--lr", 0.05]
    assert "12 finished before" in here("train.py", *TASKS, *flags).stdout


def test_evaluation_takes_the_rows_of_the_training(here, tiny_model, tmp_path):
    here(*train_flags(tiny_model, "--negatives=strict"))
    prompt = prompts.read(tmp_path / "checkpoint" / "fear-1.pt")
    chosen_by = {"prompts": {"fear-1": prompt.sha256, "fear-5": "another"}}
    with record.Output(tmp_path / "masks.pkl", record.Record("gen_mask.py", {}, chosen_by)) as output:
        masks.write(output, {"valence_top5": torch.ones(2, 32), "valence_top5_mean": torch.ones(2, 2, 32),
                             "valence_top5_scale1e+30": torch.full((2, 32), 1e30)})
    where = ["--maskPath=masks.pkl", "--resultPath=results"]
    printed = here("eval_mask_neuron.py", *where).stdout
    assert "1 of 1 prompt also chose the neurons" in printed
    prompts.write_rounded(tmp_path / "rounded", {Task("fear", 1): prompt})
    rounded = here("eval_mask_neuron.py", "--maskPath=masks.pkl", "--resultPath=again", "--checkpoint_dir=rounded")
    assert "1 of 1 prompt also chose the neurons" in rounded.stdout
    assert "of the same name" not in printed + rounded.stdout
    here(*train_flags(tiny_model, "--negatives=strict", "--lr=0.03", "--overwrite"))
    printed_again = here("eval_mask_neuron.py", "--maskPath=masks.pkl", "--resultPath=third").stdout
    assert "1 of 1 prompt: another prompt of the same name chose the neurons of the masks" in printed_again
    assert "no answers under 1 mask, such as valence_top5_scale" in printed and "(null) as missing" in printed
    result = results.read(tmp_path / "results" / "fear-1.json")
    assert [result.record.get(name) for name in ("negatives", "split", "seeds_that_chose")] == ["strict", "dev", [1, 5]]
    accuracies, margins, areas = result.measured.values()
    assert accuracies["best"] == prompt.best_acc
    assert margins["valence_top5"] == pytest.approx(margins["best"], abs=1e-6)
    assert abs(margins["valence_top5_mean"] - margins["best"]) > 1e-4
    assert np.isnan([of["valence_top5_scale1e+30"] for of in (accuracies, margins, areas)]).all()
    torch.save({"best_prompt": torch.zeros(4, 16), "best_acc": 0.5}, tmp_path / "checkpoint" / "joy-1.pt")
    line = one_line(here("eval_mask_neuron.py", *where, "--dataset=demo", "--pretrained_model", tiny_model, status=2))
    assert "joy-1.pt" in line and "--negatives" in line


def test_evaluation_on_other_rows(here, tmp_path, copy):
    flags = ["--max_rows=6", "--split=test", "--sentiment", "joy", "--resultPath=test"]
    here("eval_mask_neuron.py", *flags)
    result = results.read(tmp_path / "test" / "joy-1.json")
    assert result.record.get("split") == "test" and result.measured["accuracy"]["best"] * 6 % 1 == 0
    status = here("eval_mask_neuron.py", *flags, "--status").stdout
    assert "2 tasks: 2 done" in status and "joy" in status and "other settings" not in status
    line = one_line(here("eval_mask_neuron.py", *flags, "--split=dev", status=2))
    assert 'split is "test" there and "dev" here' in line


def test_a_measure_is_a_line_of_the_table(here, copy, monkeypatch):
    """A new one goes through step 6, its result files, the figures and the page."""
    monkeypatch.setitem(measures.MEASURES, "log_odds", measures.Measure(
        "log_odds", lambda *answers: measures.margin(*answers).mean(-1) / np.log(2), "the log-odds of the right answer",
        "log_odds_by_mask", "Log-odds (bits)", "bits", 1, 0, 2))
    here("eval_mask_neuron.py", "--max_rows=6", "--results=again")
    result = results.read(copy / "again" / "joy-1.json")
    expected = {name: margin / np.log(2) for name, margin in result.measured["margin"].items()}
    assert len(expected) == 57 and result.measured["log_odds"] == pytest.approx(expected)
    assert list(results.read_each(copy / RESULTS)) == ["accuracy", "margin", "AUC"]
    line = one_line(here("plot_results.py", "--results", RESULTS, "--measure=log_odds", status=2))
    assert "has no log_odds_by_mask, since an earlier version made it" in line
    here("plot_results.py", "--results=again", "--measure=log_odds", "--k=8", "--simulations=0", "--formats=png")
    drop = pd.read_csv(copy / "pic" / "log_odds_drop_by_attribute.csv").set_index(["attribute", "k"])["drop"]
    table = results.read_all(copy / "again", "log_odds")
    assert (copy / "pic" / "Log_odds_after_masking_correspond_neuron.png").exists()
    random = table.filter(regex="_top8_random$").mean(axis=1)
    assert drop["valence", 8] == pytest.approx((random - table["valence_top8"]).mean())
    here("make_report.py", "--attributes", ATTRIBUTES, "--results=again", "--comments=0")
    assert "changed; in bits" in (copy / "report.html").read_text()


def test_an_intervention_is_a_line_of_the_table(here, copy, monkeypatch):
    """A new one goes through step 5, names of masks, step 6 and the figures."""
    monkeypatch.setitem(interventions.METHODS, "negate", interventions.Method(
        "negate", "with their sign changed", "change their sign", lambda value, random, count: -1))
    here("gen_mask.py", "--mask_method", "negate", "--thresholds=8", "--random_draws=3", "--masks=masks/negate.pkl")
    made = masks.read(copy / "masks" / "negate.pkl")
    assert "valence_top8_negate" in made and "random_top8_3_negate" in made
    assert all(sorted(mask.flatten().tolist()) == [-1] * 8 + [1] * 56 for mask in made.values())
    here("eval_mask_neuron.py", "--masks=masks/negate.pkl", "--max_rows=6", "--results=negated")
    said = here("plot_results.py", "--results=negated", "--intervention=negate", "--simulations=0", "--formats=png")
    assert "8 neurons with their sign changed" in said.stdout


def test_folders_with_a_dot_keep_their_own_records(here, copy):
    for folder, mode in (("a_lr0.1", "before_relu"), ("a_lr0.02", "after_relu")):
        here("get_active_neuron.py", "--output_dir", folder, "--activation_mode", mode)
    assert opening.read_json(copy / "a_lr0.1" / "settings.json")["activation_mode"] == "before_relu"


def test_accuracies_of_other_folders_are_let_be(here, tiny_model, copy):
    before = (copy / "goemotions_prompt_tuning_accuracy.csv").read_bytes()
    trained = here(*train_flags(tiny_model, "--checkpoint_dir=strict"))
    assert "next: python get_active_neuron.py --checkpoint_dir strict\n" in trained.stdout
    assert (copy / "goemotions_prompt_tuning_accuracy.csv").read_bytes() == before
    assert len(pd.read_csv(copy / "strict" / "goemotions_prompt_tuning_accuracy.csv")) == 1


def test_what_each_step_names_as_next_runs(study, here, copy):
    _, printed = study
    for process in reversed(printed.values()):  # later steps first, before earlier ones remake their input
        line, = re.findall("^next: python (.*)$", process.stdout, re.M)
        more = {"gen_mask.py": ["--thresholds", 8, 16, "--overwrite"]}.get(line.split()[0], [])
        here(*shlex.split(line), *more)


def test_mask_of_another_shape(here, copy):
    with open(copy / "masks" / "wrong.pkl", "wb") as file:
        pickle.dump({"valence_top5": torch.ones(2, 33)}, file)
    line = one_line(here("eval_mask_neuron.py", "--maskPath", "masks/wrong.pkl", status=2))
    assert "wrong.pkl" in line and "[2, 33]" in line and "[2, 32]" in line
    line = one_line(here("eval_mask_neuron.py", "--masks=masks/none.pkl", status=2))
    assert "none.pkl: no such file; gen_mask.py (step 5) makes it" in line


class Harmful:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("harm",)


def test_files_that_run_code(here, copy):
    with open(copy / "masks" / "harmful.pkl", "wb") as file:
        pickle.dump({"valence_top5": Harmful()}, file)
    line = one_line(here("eval_mask_neuron.py", "--maskPath", "masks/harmful.pkl", status=2))
    assert "harmful.pkl" in line and "mkdir" in line
    torch.save({"best_prompt": torch.zeros(4, 16), "best_acc": Harmful()}, copy / "checkpoint" / "fear-1.pt")
    assert "fear-1.pt" in one_line(here("eval_mask_neuron.py", status=2))
    assert not (copy / "harm").exists()


def test_settings_of_a_prompt_that_no_record_can_hold(here, copy):
    """A tensor, or half a character: neither --status nor the page ends in a traceback."""
    path, read_under = copy / "checkpoint" / "fear-1.pt", copy / "active_neuron_before_relu_csv" / "settings.json"
    page = ["make_report.py", "--attributes", ATTRIBUTES, "--comments=0"]

    def put(setting):
        torch.save({"best_prompt": torch.zeros(4, 16), "best_acc": 0.5, "settings": {"lr": setting}}, path)
        content = opening.read_json(read_under)
        content["prompts"]["fear-1"] = opening.sha256(path)
        read_under.write_text(json.dumps(content))
        return here("train.py", *TASKS, "--dataset=demo", "--status").stdout

    said = put(torch.ones(2))
    assert "1 damaged" in said and "fear-1.pt: its record of settings cannot be read" in said
    assert "fear-1.pt: its record of settings cannot be read" in one_line(here(*page, status=2))
    said = put("half\ud800")
    assert "12 done" in said and "other settings" in said
    here(*page)
    assert "half? (fear-1)" in (copy / "report.html").read_text()


def test_truncated_prompt(here, copy):
    path = copy / "checkpoint" / "fear-1.pt"
    path.write_bytes(path.read_bytes()[:-500])
    assert "fear-1.pt" in one_line(here("eval_mask_neuron.py", status=2))


@pytest.mark.parametrize("path, reader", [
    ("active_neuron_before_relu_csv/grief-3.csv", ["rsa_searchlight.py", "--attributes", ATTRIBUTES, "--overwrite"]),
    ("neuron_effect_csv/grief-3.csv", ["get_neuron_effect.py", "--max_rows=20"]),
    ("neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv", ["gen_mask.py", "--thresholds", 8]),
    (f"{RESULTS}/fear-1.json", ["plot_results.py", "--results", RESULTS, "--k=8"])])
def test_a_changed_digit(here, copy, path, reader):
    content = (copy / path).read_text()
    place = max(content.rfind(digit, 0, -80) for digit in "1234") if path.endswith("json") else len(content) - 2
    assert content[place].isdecimal()
    (copy / path).write_text(content[:place] + str((int(content[place]) + 1) % 10) + content[place + 1:])
    line = one_line(here(*reader, status=2))
    assert os.path.basename(path) in line and "changed since it was written" in line


def test_how_far_effects_are(here, copy):
    folder = copy / "neuron_effect_csv"
    (folder / "grief-3-added.csv").write_text("0\n1\n")
    for end in (".csv", "-added.csv"):
        (folder / f"fear-1{end}").unlink()
        (folder / f"joy-1{end}").unlink()
    with writing.lock(folder, "settings.json"):
        said = here("get_neuron_effect.py", "--status").stdout
    assert said.startswith("12 tasks: 9 done, 1 in progress, 1 left, 1 damaged\n")
    assert "damaged: neuron_effect_csv/grief-3-added.csv: has changed" in said
    (folder / "grief-3-added.csv").unlink()
    assert "12 tasks on dev rows, 9 finished before" in here("get_neuron_effect.py", "--max_rows=20").stdout
    assert "12 done" in here("get_neuron_effect.py", "--status").stdout


of_all_tasks = pytest.mark.parametrize("output, command", [
    ("active_neuron_before_relu_csv", ["get_active_neuron.py"]),
    ("neuron_effect_csv", ["get_neuron_effect.py", "--max_rows=20"])])


@of_all_tasks
def test_a_task_of_others_in_the_folder_is_refused_before_the_work(here, copy, output, command):
    (copy / output / "fear-1.csv").rename(copy / output / "fear-5.csv")
    line = one_line(here(*command, status=2))
    assert "fear-5.csv: exists already, and no record says that this program made it" in line
    assert not (copy / output / "fear-1.csv").exists()


@of_all_tasks
def test_a_second_process_on_one_output_is_refused(here, copy, output, command):
    path = record.record_path(copy / output)
    before = path.read_bytes()
    with writing.lock(copy / output, path.name):
        line = one_line(here(*command, "--overwrite", status=2))
    assert output in line and "another process" in line
    assert path.read_bytes() == before


def test_dataset_without_a_split(here, tiny_model, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.tsv").write_text("thank you\t15\tid\n")
    line = one_line(here("train.py", "--dataset=data", "--pretrained_model", tiny_model, status=2))
    assert "data" in line and "has neither dev.tsv nor dev.csv" in line


def test_concept_without_a_row(here, tiny_model, tmp_path):
    for split in ("train", "dev"):
        (tmp_path / f"{split}.tsv").write_text("thank you\t15\tid\n")
    line = one_line(here("train.py", "--dataset=.", "--pretrained_model", tiny_model, "--prompt_len=4", "--sentiment",
                         "grief", "--random_seed", 1, status=2))
    assert "grief" in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dev.tsv", "train.tsv"], "nothing is written"


@pytest.mark.parametrize("command, output", [("eval_mask_neuron.py", "--results"), ("get_neuron_effect.py",
                                                                                    "--effects")])
def test_rows_that_make_no_task_are_refused_before_anything_is_written(here, copy, command, output):
    (copy / "dev.tsv").write_text("thank you\t15\tid\n")
    line = one_line(here(command, "--dataset=.", output, "new/folder", status=2))
    assert "no row carries the concept" in line
    assert not (copy / "new").exists()


def test_unreachable_hub(script, tmp_path):
    nowhere = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "cache")}
    line = one_line(script("train.py", "--dataset=demo", "--pretrained_model=roberta-base", status=2, env=nowhere))
    assert "--pretrained_model" in line and "folder" in line
    line = one_line(script("train.py", "--dataset=goemotions", status=2, env=nowhere))
    assert "give their folder with --dataset" in line


def test_model_without_the_label_words(here, tmp_path, tiny_model):
    shutil.copytree(tiny_model, tmp_path / "model")
    path = tmp_path / "model" / "tokenizer.json"
    content = json.loads(path.read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary["neqative"] = vocabulary.pop("negative")
    content["model"]["merges"] = []
    path.write_text(json.dumps(content))
    assert "'negative'" in one_line(here(*train_flags("model"), status=2))


def test_prompt_longer_than_the_model(here, tiny_model):
    assert "--prompt_len" in one_line(here(*train_flags(tiny_model, "--prompt_len=79"), status=2))


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_folder_without_permission(here, tiny_model, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "closed" in one_line(here(*train_flags(tiny_model, "--checkpoint_dir=closed/x"), status=2))
