"""The page that make_report.py writes, made from a tiny study and used in a real browser."""

import json
import os
import re
import select
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

import get_active_neuron
import make_report
import rsa_searchlight
from framework import artifacts
from framework.errors import UserError
from framework.figures import page as report
from framework.model import comments, loading

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EMOTIONS = ["fear", "gratitude", "grief", "joy", "pride"]
RANKS = "neuron_rank/neuron_rank_by_searchlight_RSA_14property.csv"
RESULTS = "eval_mask_neuron_result/RSA_14property_top_500_6000"
HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\"> \u202eright"


class Browser:
    """A headless Chromium, spoken to in its DevTools protocol: null-terminated JSON on descriptors 3 and 4."""

    def __init__(self, program, profile):
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_read} 4>&{to_write}', "bash", program, "--headless", "--no-sandbox",
             "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
             "--remote-debugging-pipe", "about:blank"],
            pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read), os.close(to_write)
        self._unread, self._count, self._session, self.events = b"", 0, None, []
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method, **parameters):
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._count:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _receive(self):
        while b"\0" not in self._unread:
            assert select.select([self._from], [], [], 120)[0], "the browser does not answer"
            block = os.read(self._from, 1 << 16)
            assert block, "the browser ended"
            self._unread += block
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)

    def open(self, path, width=1280, height=900):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.events.clear()
        self.send("Page.navigate", url=f"file://{path}")
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._receive())

    def run(self, script):
        """The value of an expression in the page."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      **({"text": "\r"} if key == "Enter" and kind == "keyDown" else {}))

    def complaints(self):
        """Everything in the console, and every request for something other than the page."""
        self.run("0")  # lets what is under way arrive
        bad = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        requests = [event["params"]["request"]["url"] for event in self.events
                    if event.get("method") == "Network.requestWillBeSent"]
        return [event for event in self.events if event.get("method") in bad] + requests[1:]

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        os.close(self._to), os.close(self._from)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        pytest.skip("no chromium here to open the page in")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


def call(script, folder, *flags):
    """Run a script in this process: to import all that it needs takes longer than its work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", [script.__name__, *map(str, flags)])
        script.main()


@pytest.fixture(scope="module")
def study(tmp_path_factory, tiny_model):
    """A folder with a tiny study: random prompts, what steps 3 and 4 make of them, and accuracies under masks."""
    folder = tmp_path_factory.mktemp("study")
    random = np.random.default_rng(0)
    tasks = [(emotion, seed) for emotion in EMOTIONS for seed in (1, 3)]
    for emotion, seed in tasks:
        prompt = torch.from_numpy(random.standard_normal((4, 16))).float()
        artifacts.write_checkpoint(artifacts.checkpoint_path(folder / "checkpoint", emotion, seed), {
            "best_prompt": prompt, "best_acc": 0.75, "epoch": 1,
            "settings": {"lr": 0.02 if emotion == "joy" else 0.002, "epochs": 6}})
        masked = {f"{name}_top{k}{mask}": random.uniform(0.5, 0.7) for k in (8, 16)
                  for name in ("valence", "arousal") for mask in ("", "_random")}
        artifacts.write_json(artifacts.result_path(folder / RESULTS, emotion, seed), {
            "sentiment": emotion, "seed": seed, "best": random.uniform(0.7, 0.9), **masked,
            "settings": {"masks": "<b>0</b>"}})
    artifacts.write_accuracies(folder / "checkpoint")
    call(get_active_neuron, folder, "--sentiment", *EMOTIONS, "--random_seed", 1, 3, "--pretrained_model", tiny_model)
    call(rsa_searchlight, folder, "--attributes", os.path.join(ROOT, "data/demo/attribute_ratings.csv"),
         "--permutations", 20)
    # Comments that try to run as code, of which every neuron shows some.
    rows = [{"text": text} | {emotion: int(emotion == "joy") for emotion in artifacts.EMOTIONS}
            for text in (HOSTILE, f"so {HOSTILE}", f"{HOSTILE} again", "thank you so much", "thank you so much", "")]
    (folder / "data").mkdir()
    pd.DataFrame(rows).to_csv(folder / "data" / "dev.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def page(study, tiny_model):
    """The page of the tiny study."""
    call(make_report, study, "--results", RESULTS, "--pretrained_model", tiny_model, "--dataset", "data", "--top", 6,
         "--comments", 4)
    return study / "report.html"


SHOWN = "[...document.querySelectorAll('#neurons-table tbody tr:not([hidden])')]"


def test_page_in_a_browser(browser, page):
    browser.open(page)
    assert browser.complaints() == [], "nothing in the console, nothing loaded beside the page"
    assert browser.run("document.title").startswith("OpenNeuron"), "a comment ran as code"
    assert browser.run("document.querySelectorAll('#neurons-table img, #neurons-table script').length") == 0
    assert HOSTILE in browser.run("document.querySelector('#neurons-table bdi').textContent")
    assert browser.run("[...document.querySelectorAll('table')].every(table => table.caption)")
    assert browser.run("document.documentElement.scrollWidth") <= 1280


def test_filter(browser, page):
    browser.open(page)
    attributes = list(pd.read_csv(page.parent / RANKS).columns)
    assert browser.run(f"{SHOWN}.map(row => row.dataset.attribute)") == 6 * attributes[:1], "at first, one attribute"

    def choose(control, value):
        browser.run(f"""{{ const control = document.getElementById('{control}'); control.value = {json.dumps(value)};
                           control.dispatchEvent(new Event('input')) }}""")
        return browser.run(f"{SHOWN}.length")

    assert choose("attribute", "") == 6 * len(attributes)
    layers = browser.run(f"{SHOWN}.map(row => row.dataset.layer)")
    assert choose("layer", "1") == layers.count("1") and browser.run(f"{SHOWN}.every(row => row.dataset.layer === '1')")
    assert browser.run("document.getElementById('shown').textContent") == f"{layers.count('1')} of {len(layers)} rows"
    with_thanks = f"{SHOWN}.filter(row => row.textContent.includes('thank you')).length"
    assert 0 < choose("words", "THANK you") == browser.run(with_thanks)
    assert choose("words", "no comment says this") == 0
    choose("k", "8")
    assert browser.run("[...document.querySelectorAll('.drop:not([hidden])')].map(drop => drop.dataset.k)") == ["8"]


def test_sort_with_mouse_and_keyboard(browser, page):
    browser.open(page)
    tau = f"{SHOWN}.map(row => Number(row.querySelector('[data-title=tau]').dataset.key))"
    heading = "[...document.querySelectorAll('#neurons-table th')].find(th => th.textContent === 'tau')"
    browser.run(f"{heading}.firstElementChild.click()")
    best_first = browser.run(tau)
    assert best_first == sorted(best_first, reverse=True) and len(set(best_first)) > 1
    assert browser.run(f"{heading}.getAttribute('aria-sort')") == "descending"
    browser.run(f"{heading}.firstElementChild.focus()")
    browser.press("Enter", 13)
    assert browser.run(tau) == best_first[::-1] and browser.run(f"{heading}.getAttribute('aria-sort')") == "ascending"
    emotions = "[...document.querySelectorAll('#accuracies tbody th')].map(th => th.textContent)"
    browser.run("document.querySelector('#accuracies th button').click()")
    assert browser.run(emotions) == sorted(EMOTIONS)


def test_values_under_the_pointer(browser, page):
    browser.open(page)
    for chart, said in ((".drop:not([hidden]) tbody tr", "95% interval"), (".profile", ": .?[0-9]")):
        browser.run(f"document.querySelector('{chart}').scrollIntoView()")
        box = browser.run(f"""{{ const {{left, top, width, height}} = document.querySelector('{chart}')
                                 .getBoundingClientRect(); [left + width / 2, top + height / 2] }}""")
        browser.send("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
        assert browser.run(f"/{said}/.test(document.querySelector('#tip:not([hidden])').textContent)")


def test_what_the_pointer_shows_stands_in_the_page(browser, page):
    browser.open(page)
    rows = "[...document.querySelectorAll('#drops .drop:not([hidden]) [data-tip]')]"
    tips = browser.run(f"{rows}.map(row => [row.dataset.tip, row.innerText])")
    for tip, row in tips:
        for number in re.findall(r"\d+\.\d+", tip):
            assert number in row, (tip, row)
    labels = browser.run("[...document.querySelectorAll('.profile')].map(profile => profile.ariaLabel)")
    assert len(tips) == len(EMOTIONS) + 2
    assert all(re.findall("([a-z]+): .?[0-9]", label) == re.findall("([a-z]+):", labels[0]) for label in labels)
    assert sorted(re.findall("([a-z]+):", labels[0])) == EMOTIONS


def test_on_a_phone(browser, page):
    browser.open(page, width=375, height=700)
    assert browser.run("document.documentElement.scrollWidth") == 375, "only tables may scroll sideways, in their boxes"
    outside = browser.run("""[...document.querySelectorAll('.box')].filter(box => box.scrollWidth > box.clientWidth)
        .map(box => box.ariaLabel)""")
    assert all("by layer" in box for box in outside), outside  # a matrix has no other way to stand there
    numbers = """[...document.querySelectorAll('#accuracies .n, #drops .drop:not([hidden]) .n, #neurons tbody .n')]
        .map(cell => cell.getBoundingClientRect()).filter(cell => cell.width)"""
    assert browser.run(f"{numbers}.length") > 50
    assert browser.run(f"{numbers}.every(cell => 0 <= cell.left && cell.right <= 375)"), "numbers beside the screen"
    assert browser.run("parseFloat(getComputedStyle(document.body).fontSize)") >= 16


def test_page_without_comments_and_results_needs_no_model(study, tmp_path, capsys):
    flags = ("--rank", study / RANKS, "--activation_dir", study / "active_neuron_before_relu_csv", "--comments=0")
    call(make_report, tmp_path, *flags)
    printed = capsys.readouterr().out
    for section in ("accuracies", "comments", "drops"):
        assert f"left out {section}" in printed
    first = (tmp_path / "report.html").read_bytes()
    call(make_report, tmp_path, *flags)
    assert (tmp_path / "report.html").read_bytes() == first


def test_the_page_says_no_more_than_the_data_do(study, tmp_path):
    flags = ("--rank", study / RANKS, "--activation_dir", study / "active_neuron_before_relu_csv", "--comments=0",
             "--checkpoint_dir", study / "checkpoint", "--results", study / RESULTS)
    call(make_report, tmp_path, *flags)
    page = " ".join((tmp_path / "report.html").read_text().split())
    accuracies = page[page.index('<section id="accuracies">'):page.index('<section id="layers">')]
    assert "2 seeds" in accuracies and "% to" not in accuracies, "two seeds make no interval"
    assert "as many random ones; q &lt; 0.05 for" in page and "no fair control" in page
    assert "all 10 prompts" in page and "all 10 results" in page
    assert "<td>0.002 (8 of 10); 0.02 (joy-1, joy-3)</td>" in page and "<td>6</td>" in page
    assert "invented" not in page
    call(make_report, tmp_path, *flags, "--dataset", "demo")
    assert '<ul id="summary"> <li>The comments and ratings were invented for this project' in " ".join(
        (tmp_path / "report.html").read_text().split())


def test_the_page_tells_of_the_prompts_that_the_activations_were_read_under(study, tmp_path, capsys):
    """Prompts of another run, as they may stand in the default folder, are no part of it."""
    flags = ["--rank", study / RANKS, "--activation_dir", study / "active_neuron_before_relu_csv", "--comments=0"]
    made_with = {"dataset": "demo"}
    artifacts.write_checkpoint(tmp_path / "checkpoint" / "joy-1.pt", {
        "best_prompt": torch.ones(4, 16), "best_acc": 0.25, "settings": made_with})
    call(make_report, tmp_path, *flags)
    assert "left out accuracies" in capsys.readouterr().out
    assert "invented" not in (tmp_path / "report.html").read_text()
    shutil.copytree(study / "checkpoint", tmp_path / "own")
    artifacts.write_checkpoint(tmp_path / "own" / "pride-5.pt", {
        "best_prompt": torch.ones(4, 16), "best_acc": 0.25, "settings": made_with})
    call(make_report, tmp_path, *flags, "--checkpoint_dir=own")
    page = (tmp_path / "report.html").read_text()
    assert "75.0% accuracy on average" in page and "all 10 prompts" in page and "invented" not in page


def test_attributes_without_neurons_are_counted(study, tmp_path):
    path = artifacts.searchlight_path(tmp_path / "ranks.csv", "significant_by_layer")
    counts = {"layer": 0, "attribute": ["valence", "arousal", "control"], "count": [7, 0, 0]}
    pd.DataFrame(counts).to_csv(path, index=False)
    page = {"summary": [], "layers": [], "left_out": {}}
    make_report.add_layers(page, SimpleNamespace(rank=tmp_path / "ranks.csv"))
    assert page["summary"] == ["Neurons that mirror an attribute (q < 0.01, pairs taken for independent): most for "
                               "valence (7), none for 2 of 3 attributes."]


def test_page_of_the_published_accuracies(study, published_accuracy, tmp_path):
    call(make_report, tmp_path, "--rank", study / RANKS, "--activation_dir", study / "active_neuron_before_relu_csv",
         "--comments=0", "--attribute_results", published_accuracy / "attribute",
         "--random_results", published_accuracy / "random")
    # At k = 4000, as in the study's figure.
    assert "own; drop 8.1 points, 95% interval −4.4 to 20.7" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("flags, said", [
    (["--random_results=data"], "--attribute_results and --random_results go together"),
    (["--top=65"], "--top 65: .* 64 neurons"),
    (["--output=report.pdf"], "report.pdf: must end in .html"),
    (["--rank=nowhere.csv"], "nowhere.csv: no such file"),
    (["--results=data"], "data: holds no results"),
    (["--activation_dir=others"], "others/fear-1.csv: has changed since it was written"),
    (["--pretrained_model=backbone", "--dataset=data"], "backbone: .* another model.* --comments 0"),
])
def test_bad_input(study, tmp_path, flags, said):
    shutil.copytree(study, tmp_path, dirs_exist_ok=True)
    (tmp_path / "report.html").unlink(missing_ok=True)
    shutil.copytree(tmp_path / "active_neuron_before_relu_csv", tmp_path / "others")
    shutil.copy(tmp_path / "others" / "joy-1.csv", tmp_path / "others" / "fear-1.csv")
    with pytest.raises(UserError, match=said):
        call(make_report, tmp_path, *flags)
    assert not (tmp_path / "report.html").exists() and not (tmp_path / "report.pdf").exists()


def test_script_leaves_with_one_line(script):
    assert script("make_report.py", status=2).stderr.startswith("make_report.py: ./neuron_rank/neuron_rank_by")


@pytest.mark.parametrize("family", ["roberta", "bert"])
def test_peaks_are_those_of_the_plain_model(family, tiny_model, tmp_path):
    from transformers import AutoModel, AutoTokenizer, BertConfig, BertForMaskedLM

    folder = tiny_model
    if family == "bert":
        folder = tmp_path
        tokenizer = AutoTokenizer.from_pretrained(tiny_model)
        tokenizer.save_pretrained(folder)
        torch.manual_seed(0)
        BertForMaskedLM(BertConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=80, type_vocab_size=1, initializer_range=0.5, pad_token_id=tokenizer.pad_token_id,
        )).save_pretrained(folder)
    model, tokenizer, _ = loading.load_backbone(str(folder), 0)
    texts = ["thank you", "", "I am so sorry for what you lost", "caf\u00e9 \U0001f600 wow", "this is fun",
             "word " * 60]
    chosen = np.array([0, 31, 32, 63])
    values, spans = comments.peaks(model, tokenizer, texts, chosen, 70, positions_per_batch=20)

    plain = AutoModel.from_pretrained(folder).eval()
    for i, text in enumerate(texts):
        encoded = tokenizer(text, truncation=True, max_length=70, return_offsets_mapping=True)
        ids = torch.tensor([encoded["input_ids"]])
        read = []
        hooks = [layer.intermediate.register_forward_hook(lambda module, inputs, output: read.append(output[0, 1:-1]))
                 for layer in plain.encoder.layer]
        with torch.inference_mode():
            plain(ids, position_ids=torch.arange(ids.shape[1])[None])
        for hook in hooks:
            hook.remove()
        if text == "":
            assert (values[i] == -np.inf).all()
            continue
        largest, position = torch.cat(read, dim=1)[:, chosen].max(dim=0)
        assert np.allclose(values[i], largest.numpy(), atol=1e-5)
        assert spans[i].tolist() == [list(encoded["offset_mapping"][1 + place]) for place in position]


def test_strongest_and_cut_out():
    assert comments.strongest(np.array([1.0, 3.0, -np.inf, 3.0]), 4).tolist() == [1, 3, 0]
    assert report.cut_out("I am proud", (4, 10)) == ["I am ", "proud", ""]


def test_profile_draws_each_emotion_from_the_mean():
    up, down = report.profile(np.array([1.0, 2.0, 3.0]))
    assert up == "M8 0v-20h3v20z" and down == "M0 0v20h3v-20z"
    assert report.extremes(np.array([1.0, 2.0, 3.0]), ["a", "b", "c"], 2) == (["c", "b"], ["a", "b"])
