"""Step 4's permutation tests, held against brute force, and their levels."""

from itertools import combinations
from itertools import permutations as every_order

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.spatial.distance import squareform
from scipy.stats import kendalltau

from framework.analysis import permutation, profiles, rsa
from tests.test_rsa import rdms_of


def random_orders(concepts, count, seed):
    return np.random.default_rng(seed).permuted(np.tile(np.arange(concepts), (count, 1)), axis=1)


def scipys(neurons, attributes, orders):
    """Tau of neurons with attributes whose labels are permuted: array [orders, N, A]."""
    permuted = [[squareform(squareform(rdm)[np.ix_(order, order)]) for rdm in attributes] for order in orders]
    return np.array([[[kendalltau(neuron, rdm).statistic for rdm in rdms] for neuron in neurons] for rdms in permuted])


@pytest.mark.parametrize("levels", [10**9, 5])
@pytest.mark.parametrize("device", [None, "cpu"])  # popcounts, and the products of matrices that a GPU computes
def test_permutation_test_is_brute_force(levels, device, monkeypatch):
    monkeypatch.setattr(permutation, "OWN_PERMUTATIONS", 40)
    neurons, attributes = rdms_of(6, 8, levels), rdms_of(6, 2, levels, seed=1)
    permuted = permutation.permute(neurons, attributes, 60, seed=3, device=device)
    p = permutation.permutation_p(permuted)

    tau = scipys(neurons, attributes, [np.arange(6)])[0]
    null = scipys(neurons, attributes, random_orders(6, 60, 3))
    own = scipys(neurons, attributes, random_orders(6, 40, permutation.OWN_SEED))
    spread = np.sqrt(np.square(own).mean(axis=0))
    np.testing.assert_allclose(permuted.largest, null.max(axis=1), atol=1e-12)
    np.testing.assert_allclose(permuted.studentised, tau / spread)
    np.testing.assert_allclose(p.p, (1 + (null >= tau - 1e-12).sum(axis=0)) / 61)
    by_attribute = null.max(axis=1)[:, None]
    np.testing.assert_allclose(p.fwe_by_attribute, (1 + (by_attribute >= tau - 1e-12).sum(axis=0)) / 61)
    over_all = (null / spread).max(axis=(1, 2))[:, None, None]
    np.testing.assert_allclose(p.fwe, (1 + (over_all >= tau / spread - 1e-12).sum(axis=0)) / 61)


def test_matrix_products_are_popcounts_for_27_concepts(monkeypatch):
    monkeypatch.setattr(permutation, "OWN_PERMUTATIONS", 3)
    neurons, attributes = rdms_of(27, 12, 300), rdms_of(27, 3, 40, seed=1)
    for ours, theirs in zip(permutation.permute(neurons, attributes, 5, device="cpu"),
                            permutation.permute(neurons, attributes, 5)):
        np.testing.assert_array_equal(ours, theirs)


def test_with_few_concepts_every_order_is_taken_once():
    neurons, attributes = rdms_of(4, 6, 10**9), rdms_of(4, 2, 10**9, seed=1)
    null = scipys(neurons, attributes, list(every_order(range(4))))
    p = permutation.permutation_test(neurons, attributes, 24)
    np.testing.assert_allclose(p.p, (null >= null[0] - 1e-12).mean(axis=0))  # an exact p: the observed order is one
    studentised = null / np.sqrt(np.square(null).mean(axis=0))
    largest = studentised.max(axis=(1, 2))[:, None, None]
    np.testing.assert_allclose(p.fwe, (largest >= studentised[0] - 1e-12).mean(axis=0))
    sampled = permutation.permute(neurons, attributes, 23)
    assert sampled.largest.shape == permutation.permute(neurons, attributes, 5000).largest.shape == (23, 2)
    assert not np.array_equal(permutation.permutation_p(sampled).p, p.p)


def test_permutations_follow_their_seed_and_not_their_batch():
    first, again, other = (list(permutation.label_orders(8, 30, seed, batch))
                           for seed, batch in ((0, 30), (0, 7), (1, 30)))
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(again))
    assert (first[0] != other[0]).any()


def test_neurons_permuted_apart_are_those_permuted_together():
    neurons, attributes = rdms_of(7, 9, 10**9), rdms_of(7, 2, 10**9, seed=1)
    together = permutation.permute(neurons, attributes, 30)
    parts = permutation.Permuted.join([permutation.permute(neurons[:4], attributes, 30),
                                       permutation.permute(neurons[4:], attributes, 30)])
    for ours, theirs in zip(parts, together):
        np.testing.assert_array_equal(ours, theirs)


def test_under_the_null_the_permutation_test_keeps_its_level_and_the_plain_p_does_not():
    plain, permuted = np.concatenate([permutation.simulate_null(500, 200, seed=seed) for seed in range(10)], axis=1)
    assert (plain < 0.05).mean() > 0.08
    assert 0.04 < (permuted < 0.05).mean() < 0.06
    assert (plain < 0.001).mean() > 5 * 0.001


def test_family_wise_p_keeps_its_level_over_neurons_and_attributes(monkeypatch):
    """Some neuron of 30 has p < 0.05 for some of 3 attributes in 5% of studies without any effect."""
    monkeypatch.setattr(permutation, "OWN_PERMUTATIONS", 100)
    generator = np.random.default_rng(0)
    found = []
    for _ in range(300):
        # Correlated neurons and attributes; heavy and light tails, so chance spreads the neurons' taus unequally.
        values = generator.normal(size=(1, 9, 4)) @ generator.normal(size=(4, 30)) ** 3
        ratings = generator.normal(size=(9, 2)) @ generator.normal(size=(2, 3))
        found.append(permutation.permutation_test(rsa.NeuronRDMs(values), rsa.attribute_rdms(ratings), 99,
                                                  seed=int(generator.integers(2**32))))
    for family, most in (("fwe", 0.085), ("fwe_by_attribute", 0.15)):
        smallest = np.array([getattr(p, family).min() for p in found])
        assert 0.02 < (smallest <= 0.05).mean() < most, family


def test_a_neuron_that_mirrors_the_attribute_is_found_among_many():
    generator = np.random.default_rng(0)
    ratings = generator.random((12, 2))
    values = generator.normal(size=(1, 12, 200))
    values[0, :, 17] = ratings[:, 0] + 0.02 * generator.normal(size=12)
    p = permutation.permutation_test(rsa.NeuronRDMs(values), rsa.attribute_rdms(ratings), 200)
    for family in (p.fwe[:, 0], p.fwe_by_attribute[:, 0]):
        assert family.argmin() == 17 and family[17] < 0.01
        assert (np.delete(family, 17) > 0.01).all()
    assert (p.fwe[:, 1] > 0.01).all()


def test_the_overlap_of_top_sets_is_brute_force():
    neurons, attributes = rdms_of(6, 15, 10**9), rdms_of(6, 3, 10**9, seed=1)
    neurons[4] = 1  # never changes, and comes last
    found = permutation.overlap_test(neurons, attributes, [3, 6], permutations=50, seed=3)

    def top(tau, k):  # of ties, which are frequent, the lower index
        return set(sorted(range(15), key=lambda neuron: (-round(np.nan_to_num(tau[neuron], nan=-1), 12), neuron))[:k])

    observed, *null = scipys(neurons, attributes, [np.arange(6), *random_orders(6, 50, 3)])
    for row, (first, second) in enumerate(combinations(range(3), 2)):
        for column, k in enumerate([3, 6]):
            shared = len(top(observed[:, first], k) & top(observed[:, second], k))
            by_chance = np.array([len(top(observed[:, first], k) & top(tau[:, second], k)) for tau in null])
            assert found.overlap[row, column] == shared
            assert found.mean[row, column] == pytest.approx(by_chance.mean())
            assert found.sd[row, column] == pytest.approx(by_chance.std())
            assert found.p[row, column] == pytest.approx((1 + (by_chance >= shared).sum()) / 51)


def test_partial_correlations_are_those_of_regressions():
    generator = np.random.default_rng(0)
    ratings, values = generator.random((9, 3)), generator.normal(size=(9, 5))
    values[:, 2] = 2 * ratings[:, 1] + 1  # nothing is left of it
    values[:, 3] = 7
    found = profiles.partial_correlations(values, ratings, [[0, 1], [2, 0, 1]], 40, seed=3)
    assert (found.r[[2, 3]][:, 0] == 0).all() and (found.p[[2, 3]][:, 0] == 1).all()
    orders = random_orders(9, 40, 3)
    nulls = []
    for column, (attribute, *given) in enumerate([[0, 1], [2, 0, 1]]):
        others = sm.add_constant(ratings[:, given])

        def left(x):
            return sm.OLS(x, others).fit().resid

        null = []
        for neuron in (0, 1, 4):
            own = sm.OLS(values[:, neuron], others).fit()
            r = np.corrcoef(left(values[:, neuron]), left(ratings[:, attribute]))[0, 1]
            assert found.r[neuron, column] == pytest.approx(r)
            # Freedman and Lane: fitted values plus permuted residuals, fitted anew.
            null.append([abs(np.corrcoef(left(own.fittedvalues + own.resid[order]), left(ratings[:, attribute]))[0, 1])
                         for order in orders])
            assert found.p[neuron, column] == pytest.approx((1 + (np.array(null[-1]) >= abs(r)).sum()) / 41)
        nulls.append(np.max(null, axis=0))
        if column == 0:
            p = (1 + (nulls[0][:, None] >= abs(found.r[[0, 1, 4], 0])).sum(axis=0)) / 41
            np.testing.assert_allclose(found.fwe_by_attribute[[0, 1, 4], 0], p)
    assert (found.fwe >= found.fwe_by_attribute).all()


def test_partial_correlations_keep_their_level():
    """Neurons that follow `given` only, which the attribute follows, too: 5% have p < 0.05."""
    generator = np.random.default_rng(0)
    reached = []
    for _ in range(150):
        given = generator.normal(size=27)
        attribute = given + generator.normal(size=27)
        values = given[:, None] + generator.normal(size=(27, 20))
        found = profiles.partial_correlations(values, np.column_stack([attribute, given]), [[0, 1]], 199)
        reached.append(((found.p < 0.05).mean(), (found.fwe < 0.05).any()))
    single, family = np.mean(reached, axis=0)
    assert 0.03 < single < 0.07 and family < 0.1
