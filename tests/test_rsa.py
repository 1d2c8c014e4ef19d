"""Step 4's mathematics, held against scipy, brute force and what must be true."""

import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau

from framework.analysis import permutation, rsa, signs


def rdms_of(concepts, rows, levels, seed=0):
    """Random RDMs; few levels make many ties."""
    return np.random.default_rng(seed).integers(levels, size=(rows, concepts * (concepts - 1) // 2)) / 8


@pytest.mark.parametrize("concepts", [4, 5, 8, 9, 27])  # 6, 10, 28, 36 and 351 distances: odd, even, whole words
@pytest.mark.parametrize("levels, attribute_levels", [(10**9, 10**9), (10**9, 5), (5, 10**9), (5, 3)])
def test_tau_is_scipys(concepts, levels, attribute_levels):
    neurons, attributes = rdms_of(concepts, 20, levels), rdms_of(concepts, 4, attribute_levels, seed=1)
    tau, _ = rsa.kendall_tau(neurons, attributes)
    expected = [[kendalltau(neuron, attribute).statistic for attribute in attributes] for neuron in neurons]
    np.testing.assert_allclose(tau, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [1, 1e30, 1e-300])
def test_distances_that_only_float64_tells_apart_are_told_apart(scale):
    neurons, attributes = rdms_of(8, 6, 10**9), rdms_of(8, 3, 10**9, seed=1)
    neurons[::2] = 1 + neurons[::2] / neurons.max() / 1e12
    tau, _ = rsa.kendall_tau(neurons * scale, attributes)
    expected = [[kendalltau(neuron, attribute).statistic for attribute in attributes] for neuron in neurons]
    np.testing.assert_allclose(tau, expected, rtol=0, atol=1e-12)


def test_a_perfect_match_has_tau_of_exactly_one():
    rdm = rdms_of(27, 1, 40)
    assert rsa.kendall_tau(rdm, rdm)[0] == 1
    assert rsa.kendall_tau(-rdm, rdm)[0] == -1


def r_cor_test(x, y):
    """p of R 4's cor.test(x, y, method = "kendall", alternative = "greater", exact = FALSE), line by line."""
    n = len(x)
    score = sum(np.sign(x[i] - x[j]) * np.sign(y[i] - y[j]) for i in range(n) for j in range(i))
    x_ties, y_ties = ([t for t in Counter(values).values() if t > 1] for values in (x, y))
    v0 = n * (n - 1) * (2 * n + 5)
    vt, vu = (sum(t * (t - 1) * (2 * t + 5) for t in ties) for ties in (x_ties, y_ties))
    v1 = math.prod(sum(t * (t - 1) for t in ties) for ties in (x_ties, y_ties))
    v2 = math.prod(sum(t * (t - 1) * (t - 2) for t in ties) for ties in (x_ties, y_ties))
    variance = (v0 - vt - vu) / 18 + v1 / (2 * n * (n - 1)) + v2 / (9 * n * (n - 1) * (n - 2))
    return math.erfc(score / math.sqrt(2 * variance)) / 2


@pytest.mark.parametrize("levels", [10**9, 6])
def test_p_is_rs_also_far_in_the_tail(levels):
    neuron = rdms_of(27, 1, levels)[0]
    noise = np.random.default_rng(1).normal(size=(4, 351))
    attributes = np.round(neuron / neuron.std() + noise * [[0], [0.1], [1], [10]], 1)
    _, p = rsa.kendall_tau(np.stack([neuron, -neuron]), attributes)
    expected = [[r_cor_test(x, attribute) for attribute in attributes] for x in (neuron, -neuron)]
    assert p.min() < 1e-100
    np.testing.assert_allclose(p, expected, rtol=1e-10)


def test_a_neuron_that_never_changes_has_no_tau_and_comes_last():
    neurons = np.stack([np.ones(28), *rdms_of(8, 5, 10**9)])
    attributes = rdms_of(8, 2, 10**9, seed=1)
    tau, p = rsa.kendall_tau(neurons, attributes)
    assert np.isnan(tau[0]).all() and np.isfinite(tau[1:]).all()
    assert (p[0] == 1).all()
    assert (rsa.rank_neurons(tau)[0] == 6).all()
    p = permutation.permutation_test(neurons, attributes, 50)
    assert (p.p[0] == 1).all() and (p.fwe[0] > 0.9).all() and (p.fwe_by_attribute[0] > 0.9).all()


def test_a_second_process_does_not_compile_again(tmp_path):
    program = ("import numpy as np; from framework.analysis import permutation, rsa, signs; "
               "permutation.permutation_test(rsa.NeuronRDMs(np.eye(6)[None]), np.arange(15.)[None], 3); "
               "print([sum(kernel.stats.cache_misses.values()) for kernel in "
               "(rsa._sum_differences, signs._sum_ties, signs._pack, signs._compare_signs, permutation._fold)])")
    misses = [subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True,
                             cwd=Path(__file__).parents[1],
                             env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}).stdout.strip() for _ in range(2)]
    assert "0" not in misses[0] and misses[1] == "[0, 0, 0, 0, 0]"


def test_ranks_start_at_the_largest_tau_and_average_ties():
    tau = np.array([[0.1, 0.5], [0.3, np.nan], [0.3, -1], [-0.2, np.nan]])
    assert rsa.rank_neurons(tau).tolist() == [[3, 1], [1.5, 3.5], [1.5, 2], [4, 3.5]]


def test_neuron_rdms_are_means_over_seeds_of_absolute_differences():
    values = np.random.default_rng(0).normal(size=(3, 6, 10))
    expected = np.mean([[pdist(seed[:, [neuron]], "cityblock") for neuron in range(10)] for seed in values], axis=0)
    rdms = rsa.NeuronRDMs(values)
    assert rdms.shape == expected.shape
    np.testing.assert_allclose(rdms[:], expected)
    np.testing.assert_array_equal(rdms[4:7], rdms[:][4:7])


def test_neither_chunks_nor_float32_activations_change_the_result(monkeypatch):
    values = np.random.default_rng(0).normal(size=(2, 6, 50)).astype(np.float32)
    targets = rdms_of(6, 3, 10)
    expected = rsa.kendall_tau(rsa.NeuronRDMs(values.astype(float)), targets)
    expected_test = permutation.permute(rsa.NeuronRDMs(values.astype(float)), targets, 40)
    monkeypatch.setattr(signs, "CHUNK", 15**2 * 3)  # six neurons, or 32 permutations, at a time
    np.testing.assert_array_equal(rsa.kendall_tau(rsa.NeuronRDMs(values), targets), expected)
    for ours, theirs in zip(permutation.permute(rsa.NeuronRDMs(values), targets, 40), expected_test):
        np.testing.assert_array_equal(ours, theirs)


def test_equal_differences_of_ratings_are_ties():
    rdm = rsa.attribute_rdms(np.array([[0.1], [0.2], [0.3], [0.6]]))
    assert rdm.tolist() == [[0.1, 0.2, 0.5, 0.1, 0.4, 0.3]]  # as floats, 0.2 - 0.1 and 0.3 - 0.2 differ


def test_spaces_are_euclidean_distances_over_their_attributes():
    names = [name for space in rsa.SPACES.values() for name in space][::-1]
    ratings = np.random.default_rng(0).random((6, 14))
    rdms = rsa.space_rdms(rsa.attribute_rdms(ratings), names)
    for rdm, space in zip(rdms, rsa.SPACES.values()):
        np.testing.assert_allclose(rdm, pdist(ratings[:, [names.index(name) for name in space]]), atol=1e-8)
    assert list(rsa.SPACES) == ["affective", "basic-emotions", "appraisal"]
    assert len(set(names)) == 14


def test_reordered_rdms_are_those_of_reordered_concepts():
    ratings = np.random.default_rng(0).random((7, 2))
    order = [5, 0, 3, 6]
    reordered = rsa.reorder_rdms(rsa.attribute_rdms(ratings), order)
    np.testing.assert_array_equal(reordered, rsa.attribute_rdms(ratings[order]))


def test_population_rdm_is_the_mean_over_seeds():
    values = np.random.default_rng(0).normal(size=(2, 4, 9))
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    expected = [np.mean([np.linalg.norm(seed[i] - seed[j]) for seed in values]) for i, j in pairs]
    np.testing.assert_allclose(rsa.population_rdm(values), expected)
