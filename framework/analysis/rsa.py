"""Step 4: how well each neuron's dissimilarities between emotions mirror those of a human attribute.

Arrays in, arrays out. An RDM (representational dissimilarity matrix) of E emotions is kept condensed: its
P = E (E - 1) / 2 distances in the order of `scipy.spatial.distance.squareform`. Kendall's tau of two RDMs needs only
the signs of the differences between any two of the P distances: 61,425 for 27 emotions. They are packed as bits, and a
neuron is compared with an attribute by XOR, AND and a count of set bits.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numba.extending import intrinsic
from scipy.spatial.distance import pdist, squareform
from scipy.special import ndtr
from scipy.stats import rankdata
from scipy.stats import t as student
from tqdm import tqdm

SPACES = {
    "affective": ("arousal", "valence"),
    "basic-emotions": ("happy-face", "anger-face", "sad-face", "fear-face", "surprise-face", "disgust-face"),
    "appraisal": ("control", "fairness", "self-relativity", "other-relativity", "expectedness", "novelty"),
}

# Neurons are worked on in chunks of so many comparisons of two distances, however large the model is: 2 MB of bits on
# the CPU, so that a chunk stays in a core's cache, or 64 MB of numbers on a GPU. Permutations are, 16 times as many.
_CHUNK = 2**24

# ---------------------------------------------------------------------------------------------------------------- RDMs


def attribute_rdms(ratings: np.ndarray) -> np.ndarray:
    """RDMs of attributes: the absolute differences of ratings, rounded to 9 decimals so that true ties are ties.

    Parameters
    ----------
    ratings : array [E, A]
        Rating of each emotion on each attribute.

    Returns
    -------
    array [A, P]
    """
    return np.round([pdist(rating[:, None], "cityblock") for rating in np.asarray(ratings, dtype=float).T], 9)


def space_rdms(rdms: np.ndarray, attributes: Sequence[str]) -> np.ndarray:
    """RDMs of the affective, basic-emotions and appraisal spaces: Euclidean distances over a space's attributes.

    Parameters
    ----------
    rdms : array [A, P]
        RDMs of single attributes, each an absolute difference: the distance in a space is the root of their summed
        squares. An attribute weighs in it by the unit of its distances: the study's ratings are scaled to 0-1, the
        distances that it publishes are not (1.7 to 7.9 at most), so that the two give somewhat different spaces.
    attributes : sequence of str [A]
        Names; the 14 of `SPACES` must be among them.

    Returns
    -------
    array [3, P]
        In the order of `SPACES`, rounded to 9 decimals.
    """
    rows = [[list(attributes).index(name) for name in names] for names in SPACES.values()]
    return np.round([np.sqrt(np.square(rdms[row]).sum(axis=0)) for row in rows], 9)


def reorder_rdms(rdms: np.ndarray, emotions: Sequence[int] | np.ndarray) -> np.ndarray:
    """RDMs of some of the emotions, or of all in another order.

    Parameters
    ----------
    rdms : array [..., P]
    emotions : sequence of int [E']
        Which emotion comes where.

    Returns
    -------
    array [..., E' (E' - 1) / 2]
    """
    emotions = np.asarray(emotions)
    place = squareform(np.arange(rdms.shape[-1]))[np.ix_(emotions, emotions)]
    return np.take(rdms, place[np.triu_indices(len(emotions), 1)], axis=-1)


@njit(nogil=True, cache=True)
def _sum_differences(values, rdms):
    # The sum runs over seeds in their order: which of the published distances are tied depends on it.
    row = 0
    for first in range(values.shape[1]):
        for second in range(first + 1, values.shape[1]):
            for seed in range(len(values)):
                for neuron in range(values.shape[2]):
                    rdms[row, neuron] += abs(values[seed, first, neuron] - values[seed, second, neuron])
            row += 1


class NeuronRDMs:
    """The RDM of each neuron: |a_i - a_j| of its activations, averaged over seeds.

    They are computed when neurons are asked for, so that the RDMs of a large model are never all in memory.

    Parameters
    ----------
    values : array [S, E, N]
        Activations by seed, emotion and neuron; differences are taken in float64.

    Attributes
    ----------
    shape : tuple
        (N, P).
    """

    def __init__(self, values: np.ndarray):
        self.values = values
        self.shape = values.shape[2], values.shape[1] * (values.shape[1] - 1) // 2

    def __getitem__(self, neurons: slice) -> np.ndarray:
        """RDMs of a slice of neurons, array [n, P]."""
        values = np.ascontiguousarray(self.values[:, :, neurons], dtype=float)
        rdms = np.zeros((self.shape[1], values.shape[2]))
        _sum_differences(values, rdms)
        return np.ascontiguousarray(rdms.T) / len(values)


def population_rdm(values: np.ndarray, metric: str = "euclidean") -> np.ndarray:
    """The RDM of all neurons together, averaged over seeds.

    Parameters
    ----------
    values : array [S, E, N]
        Activations by seed, emotion and neuron.
    metric : str
        A distance between two emotions' patterns [N], as `scipy.spatial.distance.pdist` calls it.

    Returns
    -------
    array [P]
    """
    return np.mean([pdist(seed, metric) for seed in values], axis=0)


# ------------------------------------------------------------------------------------------------------- Kendall's tau


@intrinsic
def _popcount(typing_context, word):
    """Set bits of an integer: the processor's own instruction, which numba does not offer."""

    def code(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return word(word), code


@njit(nogil=True, cache=True)
def _sum_ties(ordered):
    sums = np.zeros((len(ordered), 3))
    for row in range(len(ordered)):
        tied = 1
        for place in range(1, ordered.shape[1] + 1):
            if place < ordered.shape[1] and ordered[row, place] == ordered[row, place - 1]:
                tied += 1
            elif tied > 1:
                sums[row, 0] += tied * (tied - 1)
                sums[row, 1] += tied * (tied - 1) * (tied - 2)
                sums[row, 2] += tied * (tied - 1) * (2 * tied + 5)
                tied = 1
    return sums


def _ties(rdms):
    """Find the RDMs that have ties.

    Returns
    -------
    sums : array [n, 3]
        Over an RDM's groups of t tied distances: the sums of t(t-1), t(t-1)(t-2) and t(t-1)(2t+5).
    close : array of bool [n]
        Whether any two distances of an RDM are tied as float32. Where none are, which is nearly everywhere, float32
        keeps their order and is compared in half the time.
    """
    single = np.sort(rdms.astype(np.float32), axis=1)
    close = (single[:, 1:] == single[:, :-1]).any(axis=1)
    sums = np.zeros((len(rdms), 3))
    sums[close] = _sum_ties(np.sort(rdms[close], axis=1))
    return sums, close


@njit(nogil=True, cache=True)
def _pack(rdms, words):
    """Set a bit for each two distances of an RDM of which the first is larger.

    The distances stand in a ring, and each is compared with those 1, 2, ... size // 2 places further: every pair is met
    once. A 16-bit word holds 16 distances around the ring for one place, so that the compiler works on many places at a
    time.
    """
    size = rdms.shape[1]
    ring = np.zeros(2 * size + 16, rdms.dtype)
    for row in range(len(rdms)):
        ring[:size] = rdms[row]
        ring[size : 2 * size] = rdms[row]
        for start in range(0, size // 2, 16):
            ahead = ring[start + 1 :]
            word = words[row, start // 16 * size :]
            used = np.uint16(2 ** min(16, size // 2 - start) - 1)
            for place in range(size):
                bits = np.uint16(0)
                for step in range(16):
                    bits |= np.uint16(np.uint16(ring[place] > ahead[place + step]) << np.uint16(step))
                word[place] = bits & used
        if size % 2 == 0:  # half a turn of an even ring meets each pair from both its ends
            half = size // 2 - 1
            for place in range(size // 2, size):
                words[row, half // 16 * size + place] &= np.uint16(~(1 << half % 16))


def _signs(rdms):
    """Whether the first of each two distances is larger, as bits: array [n, words] of uint64."""
    size = rdms.shape[1]
    words = -(-(size // 2) // 16) * size
    bits = np.zeros((len(rdms), -(-words // 32) * 32), np.uint16)  # rows of whole 64-byte blocks
    _pack(rdms, bits)
    return bits.view(np.uint64)


@njit(nogil=True, cache=True)
def _count_discordant(neurons, attributes, decided, counts):
    for start in range(0, len(neurons), 64):  # 64 neurons' bits stay in the cache while the attributes pass by
        for attribute in range(len(attributes)):
            for neuron in range(start, min(start + 64, len(neurons))):
                count = np.uint64(0)
                for word in range(neurons.shape[1]):
                    differ = neurons[neuron, word] ^ attributes[attribute, word]
                    count += _popcount(differ & decided[attribute, word])
                counts[neuron, attribute] = count


def _comparison(attribute_rdms, device=None):
    """Make a function that counts, over pairs of distances, how many more are concordant than discordant.

    It takes neurons' RDMs [n, P] and whether they are close [n] (see `_ties`) and gives an array [n, A] of int64.
    """
    # A float32 counts exactly up to 2^24; 77 emotions and more make more comparisons than that.
    if device is not None and attribute_rdms.shape[1] ** 2 < 2**25:
        return _matrix_comparison(attribute_rdms, device)
    signs = _signs(attribute_rdms)
    decided = signs | _signs(-attribute_rdms)
    total = np.bitwise_count(decided).sum(axis=1, dtype=np.int64)

    def difference(neuron_signs):
        discordant = np.empty((len(neuron_signs), len(signs)), np.int64)
        _count_discordant(neuron_signs, signs, decided, discordant)
        return total - 2 * discordant

    def compare(rdms, close):
        excess = difference(_signs(rdms.astype(np.float32)))
        # A tie counts for nothing: the mean of taking it as smaller and as larger.
        excess[close] = (difference(_signs(rdms[close])) + difference(~_signs(-rdms[close]))) // 2
        return excess

    return compare


def _matrix_comparison(attribute_rdms, device):
    """`_comparison` as a product of matrices of signs, which is what a GPU does best."""
    import torch  # takes longer to load than a searchlight on the CPU takes to run

    torch.set_float32_matmul_precision("high")  # TF32 multiplies -1, 0 and 1 exactly and adds in float32
    first, second = torch.triu_indices(attribute_rdms.shape[1], attribute_rdms.shape[1], 1, device=device)

    def signs(rdms):
        rdms = torch.as_tensor(rdms, device=device)
        ranks = torch.searchsorted(rdms.sort(dim=1).values, rdms).float()  # a quarter of the memory of differences
        return torch.sign(ranks[:, first] - ranks[:, second])

    attributes = signs(attribute_rdms).T
    return lambda rdms, close: (signs(rdms) @ attributes).round().long().cpu().numpy()


def gpu() -> str | None:
    """The name of torch's GPU, None where there is none."""
    import torch

    return "cuda" if torch.cuda.is_available() else None


def _over_chunks(work, rdms, device=None):
    """Call `work` with slices of neurons, on all processors."""
    neurons, size = rdms.shape
    step = max(1, 2 * _CHUNK // size**2)
    parts = [slice(start, min(start + step, neurons)) for start in range(0, neurons, step)]
    # The variable is set where a process has a share of a machine.
    threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    with ThreadPoolExecutor(threads if device is None else 1) as pool:
        return list(pool.map(work, parts))


def _untied(ties, attribute_ties, size):
    """The denominator of tau-b [n, A]: the geometric mean of the pairs of distances that either RDM does not tie."""
    pairs = size * (size - 1)
    return np.sqrt((pairs - ties[:, None, 0]) * (pairs - attribute_ties[:, 0])) / 2


def _normal_p(excess, ties, attribute_ties, size):
    """One-sided p-values [n, A] of concordant minus discordant pairs, as R's `cor.test(exact = FALSE)` has them."""
    x, y = ties[:, None], attribute_ties
    variance = ((size * (size - 1) * (2 * size + 5) - x[..., 2] - y[..., 2]) / 18
                + x[..., 0] * y[..., 0] / (2 * size * (size - 1))
                + x[..., 1] * y[..., 1] / (9 * size * (size - 1) * (size - 2)))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(ndtr(-excess / np.sqrt(variance)), nan=1.0)


def kendall_tau(rdms: np.ndarray | NeuronRDMs, attribute_rdms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kendall's tau-b of each neuron's RDM with each attribute's.

    Parameters
    ----------
    rdms : array [N, P] or NeuronRDMs
        RDMs of neurons; at least 3 emotions.
    attribute_rdms : array [A, P]
        RDMs of attributes over the same emotions.

    Returns
    -------
    tau : array [N, A]
        NaN where either RDM is constant, as in `scipy.stats.kendalltau`.
    p : array [N, A]
        One-sided, for tau > 0, by the normal approximation with the variance corrected for ties and no continuity
        correction; what R's `cor.test` does for 50 distances and more. 1 where tau is NaN. It takes the P distances for
        independent, which they are not: see `permutation_test`.
    """
    size = rdms.shape[1]
    attribute_rdms = np.ascontiguousarray(attribute_rdms, dtype=float)
    attribute_ties, _ = _ties(attribute_rdms)
    compare = _comparison(attribute_rdms)
    tau = np.empty((rdms.shape[0], len(attribute_rdms)))
    p = np.empty_like(tau)

    def work(part):
        some = np.ascontiguousarray(rdms[part], dtype=float)
        ties, close = _ties(some)
        excess = compare(some, close)
        with np.errstate(invalid="ignore"):
            tau[part] = excess / _untied(ties, attribute_ties, size)
        p[part] = _normal_p(excess, ties, attribute_ties, size)

    _over_chunks(work, rdms)
    return tau, p


def rank_neurons(tau: np.ndarray) -> np.ndarray:
    """Ranks of neurons for each attribute: 1 = largest tau, ties averaged, neurons without a tau (NaN) last.

    Parameters
    ----------
    tau : array [N, A]

    Returns
    -------
    array [N, A]
    """
    return rankdata(np.where(np.isnan(tau), np.inf, -tau), axis=0)


def significant_by_layer(q: np.ndarray, num_layers: int, alpha: float = 0.01) -> np.ndarray:
    """How many neurons of each layer have q < alpha.

    Parameters
    ----------
    q : array [N, A]
        Or family-wise p. Neuron = layer * D + unit, N = num_layers * D.

    Returns
    -------
    array [num_layers, A] of int
    """
    return (q.reshape(num_layers, -1, q.shape[1]) < alpha).sum(axis=1)


# ---------------------------------------------------------------------------------- permutations, reliability, people


def permutation_test(
    rdms: np.ndarray | NeuronRDMs, attribute_rdms: np.ndarray, permutations: int, seed: int = 0,
    device: str | None = None, progress: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Test tau > 0 by permuting the emotions' labels of the attributes' RDMs (the Mantel test).

    Distances share emotions, so that they cannot be permuted one by one; whole rows and columns can. Every neuron sees
    the same permutations, so that the largest tau over neurons controls the family-wise error of each attribute
    (Nichols & Holmes, 2002, doi:10.1002/hbm.1058).

    Parameters
    ----------
    rdms, attribute_rdms
        As for `kendall_tau`.
    permutations : int
        M, 1 or more.
    seed : int
        Of the permutations.
    device : str, optional
        Compare on this torch device, by products of matrices; popcounts on the CPU if None. The results are the same.
    progress : bool
        Show a bar.

    Returns
    -------
    p : array [N, A]
        (1 + how many permutations reach the neuron's tau) / (1 + M).
    p_fwe : array [N, A]
        (1 + in how many permutations any neuron reaches it) / (1 + M).
    largest : array [M, A]
        The largest tau over neurons in each permutation.
    """
    tau, reached, largest = permute(rdms, attribute_rdms, permutations, seed, device, progress)
    return *permutation_p(tau, reached, largest), largest


def permute(
        rdms: NeuronRDMs | np.ndarray, attribute_rdms: np.ndarray, permutations: int, seed: int = 0,
        device: str | None = None, progress: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The counts behind `permutation_test`, whose parameters these are; those of some neurons do not need the others.

    Returns
    -------
    tau : array [N, A]
        0 where it is not defined.
    reached : array [N, A] of int
        How many permutations reach it.
    largest : array [M, A]
        The largest tau over these neurons in each permutation.
    """
    neurons, size = rdms.shape
    attributes = len(attribute_rdms)
    attribute_rdms = np.ascontiguousarray(attribute_rdms, dtype=float)
    attribute_ties, _ = _ties(attribute_rdms)
    labels = np.arange(round((1 + np.sqrt(1 + 8 * size)) / 2))
    orders = np.random.default_rng(seed).permuted(np.tile(labels, (permutations, 1)), axis=1)
    tau = np.empty((neurons, attributes))
    reached = np.zeros((neurons, attributes), np.int64)
    largest = []

    batch = max(1, 32 * _CHUNK // size**2 // attributes)
    bar = tqdm(total=permutations, desc="permutations", disable=not progress)
    for start in range(0, permutations, batch):
        some_orders = orders[start : start + batch]
        permuted = [reorder_rdms(attribute_rdms, order) for order in (labels, *some_orders)]  # the observed order first
        compare = _comparison(np.concatenate(permuted), device)

        def work(part):
            some = np.ascontiguousarray(rdms[part], dtype=float)
            ties, close = _ties(some)
            excess = compare(some, close).reshape(len(some), -1, attributes)
            # A permutation leaves tau's denominator as it is, so that integers decide what is reached.
            reached[part] += (excess[:, 1:] >= excess[:, :1]).sum(axis=1)
            untied = _untied(ties, attribute_ties, size)
            untied[untied == 0] = np.inf  # a constant neuron has no tau: it never beats another
            taus = excess / untied[:, None]
            tau[part] = taus[:, 0]
            return taus[:, 1:].max(axis=0)

        largest.append(np.max(_over_chunks(work, rdms, device), axis=0))
        bar.update(len(some_orders))
    bar.close()
    return tau, reached, np.concatenate(largest)


def permutation_p(tau: np.ndarray, reached: np.ndarray, largest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The p-values of `permutation_test` from what `permute` counts.

    Parameters
    ----------
    tau, reached : array [N, A]
    largest : array [M, A]
        Of neurons that were permuted apart, the largest of theirs.

    Returns
    -------
    p, p_fwe : array [N, A]
    """
    permutations = len(largest)
    below = np.stack([np.searchsorted(np.sort(null), observed) for null, observed in zip(largest.T, tau.T)], axis=1)
    return (1 + reached) / (1 + permutations), (1 + permutations - below) / (1 + permutations)


def split_half_reliability(
    values: np.ndarray, attribute_rdms: np.ndarray, splits: int = 4, seed: int = 0
) -> np.ndarray:
    """Reliability across seeds of each attribute's map of tau over the neurons.

    Parameters
    ----------
    values : array [S, E, N]
        Activations by seed, emotion and neuron; S is 2 or more.
    attribute_rdms : array [A, P]
    splits : int
        In how many random ways the seeds are halved (of 3 seeds one half has 1, the other 2).
    seed : int
        Of the halving.

    Returns
    -------
    array [splits, A]
        Spearman-Brown's 2 r / (1 + r) of Pearson's r between the two halves' tau, over neurons that have one in both;
        NaN where fewer than 2 have.
    """
    generator = np.random.default_rng(seed)
    reliability = []
    for _ in range(splits):
        order = generator.permutation(len(values))
        halves = order[: len(values) // 2], order[len(values) // 2 :]
        one, other = (kendall_tau(NeuronRDMs(values[np.sort(half)]), attribute_rdms)[0] for half in halves)
        defined = np.isfinite(one + other).all(axis=1)
        if defined.sum() < 2:  # neurons that never change in one of the halves have no tau there
            reliability.append(np.full(len(attribute_rdms), np.nan))
            continue
        r = np.array([np.corrcoef(x, y)[0, 1] for x, y in zip(one[defined].T, other[defined].T)])
        reliability.append(2 * r / (1 + r))
    return np.array(reliability)


def tau_with_people(
    rdms: np.ndarray, judgements: np.ndarray, individual_judgements: np.ndarray
) -> dict[str, np.ndarray]:
    """Kendall's tau of RDMs with people's judgements of dissimilarity, with 95% intervals over the people.

    Parameters
    ----------
    rdms : array [K, P]
    judgements : array [P]
        The mean over people.
    individual_judgements : array [people, P]

    Returns
    -------
    dict of str to array [K]
        `tau` with the mean judgement, and its interval `ci_low`, `ci_high` by the jackknife over people (a bootstrap
        would be biased downwards: its means are noisier than the mean of all people); `individual_tau`, the mean of tau
        with each person's judgements, and its t interval `individual_ci_low`, `individual_ci_high`.
    """
    people = len(individual_judgements)
    tau = kendall_tau(judgements[None], rdms)[0][0]
    others = np.round((individual_judgements.sum(axis=0) - individual_judgements) / (people - 1), 9)  # ties stay ties
    left_out, _ = kendall_tau(others, rdms)
    individual, _ = kendall_tau(individual_judgements, rdms)
    quantile = student.ppf(0.975, people - 1)
    jackknife = quantile * np.sqrt(people - 1) * left_out.std(axis=0)
    spread = quantile * individual.std(axis=0, ddof=1) / np.sqrt(people)
    mean = individual.mean(axis=0)
    return {"tau": tau, "ci_low": tau - jackknife, "ci_high": tau + jackknife,
            "individual_tau": mean, "individual_ci_low": mean - spread, "individual_ci_high": mean + spread}


def simulate_null(
    neurons: int = 2000, permutations: int = 500, emotions: int = 27, clusters: int = 4, spread: float = 0.3,
    seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Both tests' p-values where there is nothing to find: neurons that know nothing of the attribute.

    Emotions share structure, as real ones do: the ratings lie in clusters (standard deviation 1 between, `spread`
    within), and so do each neuron's activations, in clusters of its own.

    Parameters
    ----------
    neurons, permutations, emotions : int
    clusters : int
        Of emotions, drawn for the ratings and for each neuron.
    spread : float
        Standard deviation within a cluster.
    seed : int

    Returns
    -------
    p, permutation_p : array [neurons]
        Of `kendall_tau` and `permutation_test`; a valid test has p < 0.05 in 5% of the neurons.
    """
    generator = np.random.default_rng(seed)

    def clustered(size):
        centers = generator.normal(size=(clusters, size))
        member = generator.integers(clusters, size=(emotions, size))
        return np.take_along_axis(centers, member, axis=0) + spread * generator.normal(size=(emotions, size))

    rdms, target = NeuronRDMs(clustered(neurons)[None]), attribute_rdms(clustered(1))
    return kendall_tau(rdms, target)[1][:, 0], permutation_test(rdms, target, permutations, seed)[0][:, 0]
