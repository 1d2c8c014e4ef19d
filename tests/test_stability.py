"""How far maps of tau generalise over seeds and concepts, held against brute force."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform
from scipy.stats import kendalltau

from framework.analysis import rsa, stability
from tests.test_rsa import rdms_of


def test_reliability_is_one_for_seeds_that_agree_and_near_zero_for_noise():
    generator = np.random.default_rng(0)
    targets = rsa.attribute_rdms(generator.random((8, 2)))
    one_seed = generator.normal(size=(1, 8, 2000))
    agreeing = stability.split_half_reliability(np.repeat(one_seed, 4, axis=0), targets, splits=2)
    assert agreeing.shape == (2, 2)
    np.testing.assert_allclose(agreeing, 1)
    # Where every concept is pure noise anew in each seed, no neuron keeps its tau.
    assert abs(stability.split_half_reliability(generator.normal(size=(4, 8, 2000)), targets)).max() < 0.15


def test_reliability_is_spearman_browns():
    generator = np.random.default_rng(0)
    values = generator.normal(size=(1, 8, 300)) + generator.normal(size=(2, 8, 300))
    targets = rsa.attribute_rdms(generator.random((8, 1)))
    one, other = (rsa.kendall_tau(rsa.NeuronRDMs(values[[seed]]), targets)[0][:, 0] for seed in (0, 1))
    r = np.corrcoef(one, other)[0, 1]
    np.testing.assert_allclose(stability.split_half_reliability(values, targets, splits=1), [[2 * r / (1 + r)]])


def structured(noise, concepts=10, neurons=60, seed=0):
    """Activations of one seed that follow the first of two attributes, more or less, and the attributes' RDMs."""
    generator = np.random.default_rng(seed)
    ratings = generator.random((concepts, 2))
    values = ratings[:, [0]] * generator.random(neurons) + noise * generator.normal(size=(concepts, neurons))
    return values[None], rsa.attribute_rdms(ratings), ratings


def test_leaving_concepts_out_is_ranking_the_rest():
    values, rdms, ratings = structured(0.2)
    found = stability.leave_concepts_out(values, rdms, [5, 20], draws=2, seed=3)
    generator = np.random.default_rng(3)

    def top(concepts, attribute, k):
        rdm = rsa.attribute_rdms(ratings[concepts])[attribute]
        tau = [kendalltau(rsa.NeuronRDMs(values[:, concepts])[neuron : neuron + 1][0], rdm).statistic
               for neuron in range(60)]
        return set(np.argsort(-np.round(tau, 12), kind="stable")[:k])

    for draw in range(2):
        kept = np.sort(generator.permutation(10)[3:])
        for place, k in enumerate([5, 20]):
            for attribute in range(2):
                some, whole = top(kept, attribute, k), top(np.arange(10), attribute, k)
                assert found[draw, place, attribute] == pytest.approx(len(some & whole) / len(some | whole))


def test_halves_of_the_concepts_agree_on_neurons_with_a_signal_and_by_chance_on_others():
    values, rdms, _ = structured(0.05, concepts=24, neurons=400)
    noise = np.random.default_rng(1).normal(size=(1, 24, 400))
    mixed = np.concatenate([values[..., :100], noise[..., 100:]], axis=2)  # 100 neurons follow the first attribute
    r, halves = stability.halve_concepts(mixed, rdms, [100], draws=6)
    assert r.shape == (6, 2) and halves.shape == (6, 1, 2)
    assert r[:, 0].min() > 0.5 and halves[:, 0, 0].min() > 0.5
    chance = stability.chance_jaccard(400, 100)
    assert chance == pytest.approx(1 / 7)
    r, halves = stability.halve_concepts(noise, rdms, [100], draws=6)
    assert abs(r).max() < 0.3 and abs(halves.mean() - chance) < 0.04


def test_an_attribute_that_does_not_vary_over_some_concepts_has_no_agreement_there():
    values, _, ratings = structured(0.2)
    ratings[:, 1] = 0
    ratings[0, 1] = 1
    rdms = rsa.attribute_rdms(ratings)
    left_out = stability.leave_concepts_out(values, rdms, [5], draws=16)
    assert np.isfinite(left_out[:, 0, 0]).all() and np.isnan(left_out[:, 0, 1]).any()
    r, halves = stability.halve_concepts(values, rdms, [5], draws=4)
    assert np.isnan(r[:, 1]).all() and np.isnan(halves[:, 0, 1]).all() and np.isfinite(halves[:, 0, 0]).all()


def test_the_bootstrap_drops_pairs_of_a_concept_with_itself():
    neurons, attributes = (rdms_of(6, 4, 10**9, seed=seed) for seed in (0, 1))
    neurons[2:], attributes[1:3] = neurons[2:].round(-8), attributes[1:3].round(-8)  # both with ties, one, or none
    low, high = stability.bootstrap_concepts(neurons, attributes, draws=40, seed=4)
    generator = np.random.default_rng(4)
    taus = []
    for _ in range(40):
        drawn = generator.integers(6, size=6)
        pairs = [(drawn[i], drawn[j]) for i in range(6) for j in range(i) if drawn[i] != drawn[j]]
        taus.append([kendalltau(*([squareform(rdm)[pair] for pair in pairs] for rdm in both)).statistic
                     for both in zip(neurons, attributes)])
    np.testing.assert_allclose([low, high], np.nanquantile(taus, [0.025, 0.975], axis=0))
