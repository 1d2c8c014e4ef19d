"""The page that make_report.py writes, made from a tiny study and used in a real browser."""

import hashlib
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

import make_report
from framework.analysis import rsa
from framework.errors import UserError
from framework.figures import page as pages
from framework.files import activations, opening, prompts, ranks, results
from framework.files import masks as mask_files
from framework.files.record import Output, Record
from framework.measures import MEASURES
from framework.model import comments, loading, passes
from framework.running import report
from framework.tasks import Task

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONCEPTS = ["fear", "gratitude", "grief", "joy", "pride"]
ATTRIBUTES = ["valence", "arousal"]
RATINGS = pd.DataFrame([(0.0, 0.9), (0.9, 0.3), (0.1, 0.2), (1.0, 0.7), (0.8, 0.5)], columns=ATTRIBUTES,
                       index=pd.Index(CONCEPTS, name="concept"))
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
    """Run a script in this process: importing all that it needs takes longer than its work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", [script.__name__, *map(str, flags)])
        script.main()


@pytest.fixture(scope="module")
def study(tmp_path_factory, tiny_model):
    """A folder with a tiny study: random prompts, activations, ranks, effects, and results under masks."""
    folder = tmp_path_factory.mktemp("study")
    random = np.random.default_rng(0)
    loaded = loading.load(str(tiny_model))
    tasks = [Task(concept, seed) for concept in CONCEPTS for seed in (1, 3)]
    trained = {"pretrained_model": str(tiny_model), "backbone": loaded.fingerprint, "epochs": 6}
    digests, vectors = {}, {}
    for task in tasks:
        vectors[task] = torch.from_numpy(random.standard_normal((4, 16))).float()
        record = Record("train.py", {**trained, "lr": 0.02 if task.concept == "joy" else 0.002})
        with prompts.Folder(folder / "checkpoint", record) as output:
            output.write(task, vectors[task], 0.75, 1, vectors[task], 0.75)
        digests[task] = opening.sha256(folder / "checkpoint" / f"{task.name}.pt")
    layers, units = loaded.model.shape
    made_with = {"backbone": loaded.fingerprint, "num_layers": layers, "units": units}
    for place in ("active_neuron_before_relu_csv", "neuron_effect_csv"):
        with Output(folder / place, Record("test", made_with), names=activations.output_names(tasks)) as output:
            for task in tasks:
                values = loaded.model.read(vectors[task][None])[0].numpy()
                activations.write(output, task, values if "active" in place else values / 1000, digests[task])
    values, seeds = activations.read(folder / "active_neuron_before_relu_csv", CONCEPTS)
    rdms = rsa.attribute_rdms(RATINGS.to_numpy())
    tau, p = (pd.DataFrame(table, columns=ATTRIBUTES) for table in rsa.kendall_tau(rsa.NeuronRDMs(values), rdms))
    record = Record("rsa_searchlight.py", {
        "concepts": CONCEPTS, "seeds": seeds, "attributes": ATTRIBUTES, "num_layers": layers,
        "activations_sha256": hashlib.sha256(values.data).hexdigest()})
    counts = pd.DataFrame([(layer, attribute, 3, 0) for layer in range(layers) for attribute in ATTRIBUTES],
                          columns=["layer", "attribute", "count", "count_fwe"])
    stability = pd.DataFrame({"attribute": ATTRIBUTES, "k": 8, "without_3": [0.6, np.nan], "halves": 0.3, "chance": 0.2,
                              "halves_r": 0.1})
    with Output(folder / RANKS, record) as output:
        ranks.write(output, tau.rank(ascending=False), {
            "tau": tau, "q": p, "permutation_p": p, "permutation_p_fwe": (p * 0 + 0.776),
            "significant_by_layer": counts, "stability": stability, "top_neurons": pd.DataFrame({
                "attribute": ATTRIBUTES[:1], "neuron": tau["valence"].argmax(), "ci_low": 0.123, "ci_high": 0.987})})
    RATINGS.reset_index().to_csv(folder / "ratings.csv", index=False)
    for place in (RESULTS, "eval_mask_neuron_result/effect_top_500_6000"):
        output = results.Folder(folder / place, Record("eval_mask_neuron.py", {"masks": "<b>0</b>"}))
        ranked = ATTRIBUTES if place == RESULTS else CONCEPTS
        for task in tasks:
            names = [f"{name}_top{k}{method}" for k in (8, 16) for name in ranked
                     for method in ("", "_scale0.5", "_scale2")]
            names += [f"random_top{k}_{draw}{method}" for k in (8, 16) for draw in (1, 2, 3, 4)
                      for method in ("", "_scale0.5", "_scale2")]
            accuracies = {"best": random.uniform(0.7, 0.9), **{name: random.uniform(0.5, 0.7) for name in names}}
            accuracies[f"{ranked[1]}_top8"] = np.nan  # the model has no answer
            output.write(task, {"accuracy": accuracies, "AUC": accuracies,
                                "margin": {name: 4 * value - 2 for name, value in accuracies.items()}})
    # Comments that try to run as code, of which every neuron shows some.
    rows = [{"text": text} | {concept: int(concept == "joy") for concept in CONCEPTS}
            for text in (HOSTILE, f"so {HOSTILE}", f"{HOSTILE} again", "thank you so much", "thank you so much", "")]
    (folder / "data").mkdir()
    pd.DataFrame(rows).to_csv(folder / "data" / "dev.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def page(study, tiny_model):
    """The page of the tiny study."""
    call(make_report, study, "--pretrained_model", tiny_model, "--dataset", "data", "--top", 6, "--comments", 4,
         "--attributes", "ratings.csv", "--permutations", 20)
    return study / "report.html"


SHOWN = "[...document.querySelectorAll('#neurons-table tbody tr:not([hidden])')]"
DROPS = "[...document.querySelectorAll('.drop:not([hidden])')].map(drop => drop.dataset.measure + drop.dataset.k)"


def test_page_in_a_browser(browser, page):
    for width in (390, 1280):
        browser.open(page, width=width)
        assert browser.complaints() == [], "nothing in the console, nothing loaded beside the page"
        assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("document.title").startswith("OpenNeuron"), "a comment ran as code"
    assert browser.run("document.querySelectorAll('#neurons-table img, #neurons-table script').length") == 0
    assert HOSTILE in browser.run("document.querySelector('#neurons-table bdi').textContent")
    assert browser.run("[...document.querySelectorAll('table')].every(table => table.caption)")


def test_filter(browser, page):
    browser.open(page)
    assert browser.run(f"{SHOWN}.map(row => row.dataset.attribute)") == 6 * ATTRIBUTES[:1], "at first, one attribute"

    def choose(control, value):
        browser.run(f"""{{ const control = document.getElementById('{control}'); control.value = {json.dumps(value)};
                           control.dispatchEvent(new Event('input')) }}""")
        return browser.run(f"{SHOWN}.length")

    assert choose("attribute", "") == 6 * len(ATTRIBUTES)
    layers = browser.run(f"{SHOWN}.map(row => row.dataset.layer)")
    assert choose("layer", "1") == layers.count("1") and browser.run(f"{SHOWN}.every(row => row.dataset.layer === '1')")
    assert browser.run("document.getElementById('shown').textContent") == f"{layers.count('1')} of {len(layers)} rows"
    with_thanks = f"{SHOWN}.filter(row => row.textContent.includes('thank you')).length"
    assert 0 < choose("words", "THANK you") == browser.run(with_thanks)
    assert choose("words", "no comment says this") == 0
    assert browser.run(DROPS) == ["accuracy16"], "the largest k, if there is no 4,000"
    choose("k", "8")
    choose("measure", "margin")
    assert browser.run(DROPS) == ["margin8"]


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
    concepts = "[...document.querySelectorAll('#accuracies tbody th')].map(th => th.textContent)"
    browser.run("document.querySelector('#accuracies th button').click()")
    assert browser.run(concepts) == sorted(CONCEPTS)


def test_values_under_the_pointer(browser, page):
    browser.open(page)
    for chart, said in ((".drop:not([hidden]) tbody tr", "95% interval"), (".profile", ": .?[0-9]")):
        browser.run(f"document.querySelector('{chart}').scrollIntoView()")
        box = browser.run(f"""{{ const {{left, top, width, height}} = document.querySelector('{chart}')
                                 .getBoundingClientRect(); [left + width / 2, top + height / 2] }}""")
        browser.send("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
        assert browser.run(f"/{said}/.test(document.querySelector('#tip:not([hidden])').textContent)")


def test_the_value_under_the_pointer_is_that_of_a_name_with_a_comma(browser, page):
    browser.open(page)
    browser.run("document.querySelector('.profile').scrollIntoView()")
    left, top = browser.run("""{ const {left, top} = document.querySelector('.profile').getBoundingClientRect();
                                 [left + 2, top + 2] }""")
    label = browser.run("document.querySelector('.profile').ariaLabel")
    browser.run(f"document.querySelector('.profile').ariaLabel = {json.dumps('anger, rage ' + label)}")
    browser.send("Input.dispatchMouseEvent", type="mouseMoved", x=left, y=top)
    said = browser.run("document.querySelector('#tip:not([hidden])').textContent")
    assert re.fullmatch("anger, rage [a-z]+: .?[0-9.]+", said), said


def test_what_the_pointer_shows_stands_in_the_page(browser, page):
    browser.open(page)
    rows = "[...document.querySelectorAll('#masks .drop:not([hidden]) [data-tip]')]"
    tips = browser.run(f"{rows}.map(row => [row.dataset.tip, row.innerText])")
    for tip, row in tips:
        for number in re.findall(r"\d+\.\d+", tip):
            assert number in row, (tip, row)
    labels = browser.run("[...document.querySelectorAll('.profile')].map(profile => profile.ariaLabel)")
    assert len(tips) == len(CONCEPTS) + len(ATTRIBUTES)
    assert all(re.findall("([a-z]+): .?[0-9]", label) == re.findall("([a-z]+):", labels[0]) for label in labels)
    order = re.findall("([a-z]+):", labels[0])
    assert sorted(order) == CONCEPTS and {*order[:2]} in ({"fear", "grief"}, {"joy", "gratitude"}, {"pride", "joy"},
                                                          {"pride", "gratitude"}), "like beside like, by the ratings"
    for high, low in browser.run("""[...document.querySelectorAll('#neurons-table tbody tr')].map(row => [
            row.querySelector('.high').textContent.split(', '), row.querySelector('.low').textContent.split(', ')])"""):
        assert not {*high} & {*low}, "no concept is under most and least"


def test_on_a_phone(browser, page):
    browser.open(page, width=390, height=700)
    outside = browser.run("""[...document.querySelectorAll('.box')].filter(box => box.scrollWidth > box.clientWidth)
        .map(box => box.ariaLabel)""")
    assert all("by layer" in box for box in outside), outside  # a matrix does not fit otherwise
    numbers = """[...document.querySelectorAll('#accuracies .n, #masks .drop:not([hidden]) .n, #neurons tbody .n')]
        .map(cell => cell.getBoundingClientRect()).filter(cell => cell.width)"""
    assert browser.run(f"{numbers}.length") > 50
    assert browser.run(f"{numbers}.every(cell => 0 <= cell.left && cell.right <= 390)"), "numbers beside the screen"
    assert browser.run("parseFloat(getComputedStyle(document.body).fontSize)") >= 16


def test_every_section_of_a_whole_study(page):
    text = " ".join(page.read_text().split())
    for said in ("concepts that are alike by all attributes together stand beside each other", "family-wise p",
                 "0.776", "The unit is the mask", "Accuracy lost, by kind of mask; in points",
                 "counts for the seeds of this concept alone",
                 "Largest effects</th>", "Share of placebos with one-sided p", "neurons multiplied by a factor",
                 "rank correlation over neurons within layers", "0.12 to 0.99",
                 "Same top without 3 concepts", "Margin lost", 'data-title="Attributes&#39; masks"',
                 'data-title="all attributes"', "How well prompts recognise concepts",
                 "than with as many random neurons",
                 "resemble an attribute (family-wise p &lt; 0.05", ": none;", "of 2 seeds chose the neurons and were"):
        assert said in text, said
    assert f"Not testable: {2 * len(CONCEPTS)} of {2 * len(CONCEPTS)} values are missing" in text
    assert not re.search("nan[<%]", text) and "Left out" not in text


def flags_of(study):
    return ["--rank", study / RANKS, "--activation_dir", study / "active_neuron_before_relu_csv", "--comments=0"]


def test_the_page_tells_by_the_results_who_chose(tmp_path):
    """The ranks shown may differ from those that the masks were made from."""
    (tmp_path / "ranks.json").write_text(json.dumps({"made_by": "rsa_searchlight.py", "seeds": [3]}))
    record = Record("eval_mask_neuron.py", {}, {"seeds_that_chose": [1, 7]})
    with results.Folder(tmp_path / "results", record) as output:
        output.write(Task("joy", 1), dict.fromkeys(MEASURES, {"best": 0.9}))
    page = report.empty()
    report.say_who_chose(page, SimpleNamespace(ranks=tmp_path / "ranks.csv", results=tmp_path / "results"), {1, 3, 5})
    assert "1 of 3 seeds chose the neurons" in page["warnings"][0]
    page = report.empty()
    report.say_who_chose(page, SimpleNamespace(ranks=tmp_path / "ranks.csv", results=tmp_path / "results"), {3, 5})
    assert not page["warnings"]


def test_page_without_comments_and_results_needs_no_model(study, tmp_path, capsys):
    call(make_report, tmp_path, *flags_of(study))
    printed = capsys.readouterr().out
    for section in ("accuracies", "comments", "masks", "effects"):
        assert f"left out {section}" in printed
    first = (tmp_path / "report.html").read_bytes()
    call(make_report, tmp_path, *flags_of(study))
    assert (tmp_path / "report.html").read_bytes() == first
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(UserError, match="report.html: was changed since it was written"):
        call(make_report, tmp_path, *flags_of(study))


def test_the_page_says_no_more_than_the_data_do(study, tmp_path):
    flags = [*flags_of(study), "--checkpoint_dir", study / "checkpoint", "--results", study / RESULTS]
    call(make_report, tmp_path, *flags)
    page = " ".join((tmp_path / "report.html").read_text().split())
    accuracies = page[page.index('<section id="accuracies">'):page.index('<section id="layers">')]
    assert "2 seeds" in accuracies and "% to" not in accuracies, "two seeds make no interval"
    assert 'data-title="Margin"' in accuracies
    assert page.index("The first table, by permutation") < page.index("<h3>Family-wise p")
    assert page.index("<h3>Family-wise p") < page.rindex("distances treated as independent")
    assert "all 10 prompts" in page and "all 10 results" in page
    assert "<td>0.002 (8 of 10); 0.02 (joy-1, joy-3)</td>" in page and "<td>6</td>" in page
    assert "invented" not in page and "concepts that are alike by the model&#39;s activations" in page
    call(make_report, tmp_path, *flags, "--dataset", "demo", "--test=study")
    page = " ".join((tmp_path / "report.html").read_text().split())
    assert '<ul id="summary"> <li>The comments and ratings were invented for this project' in page
    assert "This is the study's own test" in page and "paired t" in page and "The unit is the mask" not in page
    call(make_report, tmp_path, *flags, "--dataset", "demo", "--attributes", study / "ratings.csv", "--permutations=9")
    page = " ".join((tmp_path / "report.html").read_text().split())
    assert "<li>The comments were invented for this project" in page


def test_the_page_tells_of_the_prompts_that_the_activations_were_read_under(study, tmp_path, capsys):
    """Prompts of another run, which may be in the default folder, are left out."""
    def add_another(folder, task):
        with prompts.Folder(folder, Record("train.py", {}, {"dataset": "demo"}), overwrite=True) as output:
            output.write(task, torch.ones(4, 16), 0.25, 1, torch.ones(4, 16), 0.25)

    add_another(tmp_path / "checkpoint", Task("joy", 1))
    call(make_report, tmp_path, *flags_of(study))
    assert "left out accuracies" in capsys.readouterr().out
    assert "invented" not in (tmp_path / "report.html").read_text()
    shutil.copytree(study / "checkpoint", tmp_path / "own")
    add_another(tmp_path / "own", Task("pride", 5))
    call(make_report, tmp_path, *flags_of(study), "--checkpoint_dir=own")
    page = (tmp_path / "report.html").read_text()
    assert "75.0% accuracy on average" in page and "all 10 prompts" in page and "invented" not in page


def test_attributes_without_neurons_are_counted(tmp_path):
    counts = {"layer": 0, "attribute": ["valence", "arousal", "control"], "count": [7, 0, 0]}
    pd.DataFrame(counts).to_csv(ranks.table_path(tmp_path / "ranks.csv", "significant_by_layer"), index=False)
    page = report.empty()
    report.add_layers(page, SimpleNamespace(ranks=tmp_path / "ranks.csv"))
    assert page["summary"] == ["Neurons that resemble an attribute (q < 0.01, distances treated as independent, which "
                               "they are not): most for valence (7), none for 2 of 3 attributes."]


def test_attributes_that_cannot_be_tested_are_not_called_untrue(monkeypatch):
    relation = pd.DataFrame({"attribute": ["valence"], "r": np.nan, "p": np.nan, "q": np.nan})
    monkeypatch.setattr(report.drawing_masks, "relation_to_effects", lambda *_: (None, None, relation))
    page = report.empty()
    report.add_effects(page, SimpleNamespace(effects="effects", attributes="ratings.csv"), ([], np.empty(0)))
    assert page["summary"][0].endswith("for no attribute (none is testable).")


def test_ranks_of_another_folder_are_shown_without_this_folder_s_results(study, tmp_path):
    ranks, activations = (study / place for place in (RANKS, "active_neuron_before_relu_csv"))
    shutil.copytree(study / "eval_mask_neuron_result", tmp_path / "eval_mask_neuron_result")
    call(make_report, tmp_path, "--ranks", ranks, "--activation_dir", activations, "--comments=0")
    assert "no --results" in (tmp_path / "report.html").read_text()
    call(make_report, tmp_path, "--ranks", ranks, "--activation_dir", activations, "--comments=0", "--study", ".")
    assert "no --results" not in (tmp_path / "report.html").read_text()


def test_masks_that_the_results_were_not_measured_with_are_not_listed(study, tmp_path, capsys):
    masks = tmp_path / "masks.pkl"
    with Output(masks, Record("gen_mask.py", {"random_baseline": "uniform"})) as output:
        mask_files.write(output, {"valence_top8": torch.ones(2, 32, dtype=torch.int8)})
    call(make_report, tmp_path, *flags_of(study), "--masks", masks)
    assert "masks.json" in (tmp_path / "report.html").read_text()
    call(make_report, tmp_path, *flags_of(study), "--masks", masks, "--results", study / RESULTS)
    assert "was measured with other masks than" in capsys.readouterr().out
    assert "masks.json" not in (page := (tmp_path / "report.html").read_text())
    assert "was measured with other masks than" in page


def test_page_of_the_published_accuracies(study, published_accuracy, tmp_path):
    call(make_report, tmp_path, *flags_of(study), "--attribute_results", published_accuracy / "attribute",
         "--random_results", published_accuracy / "random")
    page = (tmp_path / "report.html").read_text()
    assert "neurons; drop 8.1 points, 95% interval \u22124.4 to 20.7" in page  # at k = 4000, as in the study's figure
    assert "q &lt; 0.05 for 0 of 27 concepts and 1 of 14 attributes" in page


@pytest.mark.parametrize("flags, said", [
    (["--random_results=data"], "give --attribute_results and --random_results together, and without"),
    (["--top=65"], "--top 65: .* 64 neurons"),
    (["--output=report.pdf"], "report.pdf: must end in .html"),
    (["--rank=nowhere.csv"], "nowhere.csv"),
    (["--results=data"], "data: holds no results"),
    (["--activation_dir=others"], "others/fear-1.csv: has changed since it was written"),
    (["--pretrained_model=backbone", "--dataset=data"], "backbone: .* another model.* --comments 0"),
])
def test_bad_input(study, tmp_path, flags, said):
    shutil.copytree(study, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.glob("report.*"):
        path.unlink()
    shutil.copytree(tmp_path / "active_neuron_before_relu_csv", tmp_path / "others")
    shutil.copy(tmp_path / "others" / "joy-1.csv", tmp_path / "others" / "fear-1.csv")
    with pytest.raises(UserError, match=said):
        call(make_report, tmp_path, *flags)
    assert not (tmp_path / "report.html").exists() and not (tmp_path / "report.pdf").exists()


def test_script_leaves_with_one_line(script):
    assert script("make_report.py", status=2).stderr.startswith("make_report.py: ")


@pytest.mark.parametrize("family", ["roberta", "bert", "llama", "llama without bos"])
def test_peaks_are_those_of_the_plain_model(family, tiny_model, tmp_path, monkeypatch):
    from transformers import (
        AutoModel,
        AutoTokenizer,
        BertConfig,
        BertForMaskedLM,
        LlamaConfig,
        LlamaForCausalLM,
        PreTrainedTokenizerFast,
    )

    folder = tiny_model
    if family != "roberta":
        folder = tmp_path
        tokenizer = AutoTokenizer.from_pretrained(tiny_model)
        if family == "llama without bos":
            tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(tiny_model / "tokenizer.json"), unk_token="<unk>")
        tokenizer.save_pretrained(folder)
        torch.manual_seed(0)
        sizes = dict(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                     intermediate_size=32, max_position_embeddings=80, initializer_range=0.5)
        (BertForMaskedLM(BertConfig(type_vocab_size=1, pad_token_id=tokenizer.pad_token_id, **sizes))
         if family == "bert" else LlamaForCausalLM(LlamaConfig(**sizes))).save_pretrained(folder)
    model = loading.load(str(folder)).model
    texts = ["thank you", "I am so sorry for what you <s> lost", "caf\u00e9 \U0001f600 wow", "word " * 60]
    if family != "llama without bos":
        texts.append("")
    chosen = np.array([0, 31, 32, 63])
    rows = model.encode(texts, 30)
    monkeypatch.setattr(passes, "positions_per_batch", lambda model, training: 40)
    found = comments.peaks(model, texts, rows, chosen)

    plain = AutoModel.from_pretrained(folder).eval()
    own = {"llama": slice(1, None), "llama without bos": slice(None)}  # without bos, if there is one
    layers = plain.layers if family in own else plain.encoder.layer
    for i, (text, row) in enumerate(zip(texts, rows)):
        read, tokens = [], own.get(family, slice(2, -1))  # without <mask>, <s> and </s>
        hooks = [(layer.mlp.down_proj if family in own else layer.output.dense).register_forward_pre_hook(
            lambda module, inputs, tokens=tokens: read.append(inputs[0][0, tokens])) for layer in layers]
        with torch.inference_mode():
            plain(torch.from_numpy(row)[None], position_ids=torch.arange(len(row))[None])
        for hook in hooks:
            hook.remove()
        if text == "":
            assert (found.largest[i] == -np.inf).all()
            continue
        largest, position = torch.cat(read, dim=1)[:, chosen].max(dim=0)
        assert np.allclose(found.largest[i], largest.numpy(), atol=1e-5)
        offsets = model.tokenizer(text, add_special_tokens=False, split_special_tokens=True,
                                  return_offsets_mapping=True)["offset_mapping"]
        assert found.spans[i].tolist() == [list(offsets[place]) for place in position]


def test_strongest():
    assert comments.strongest(np.array([1.0, 3.0, -np.inf, 3.0]), 4).tolist() == [1, 3, 0]


@pytest.mark.parametrize("text, token, word", [
    ("I am proudly here", "oud", "proudly"), ("I don't know", " don", "don't"),
    ("a caf\u00e9-bar", "caf", "caf\u00e9-bar"),
    ("\u6211\u5f88\u9ad8", "\u9ad8", "\u9ad8"), ("wow!!", "!!", "!!"), ("a \U0001f600", "\U0001f600", "\U0001f600"),
])
def test_a_token_is_shown_as_its_word(text, token, word):
    start = text.index(token)
    first, last = comments.whole_word(text, (start, start + len(token)))
    assert text[first:last] == word


def test_profile_draws_each_concept_from_the_mean():
    up, down = pages.profile(np.array([1.0, 2.0, 3.0]))
    assert up == "M8 0v-20h3v20z" and down == "M0 0v20h3v-20z"
    assert pages.extremes(np.array([1.0, 2.0, 3.0, 9.0]), ["a", "b", "c", "d"]) == (["d"], ["a", "b", "c"])
