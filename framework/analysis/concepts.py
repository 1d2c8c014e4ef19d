"""Order and map concepts by their dissimilarities: like ones stand together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata
from sklearn.manifold import smacof


def similarity_order(rdms: np.ndarray) -> np.ndarray:
    """Order concepts so that like ones stand beside each other: the leaves of an average-linkage tree.

    The tree clusters the mean of the RDMs' ranks; its branches are flipped to make neighbours as alike as it allows
    (Bar-Joseph, Gifford & Jaakkola, 2001, doi:10.1093/bioinformatics/17.suppl_1.S22). RDMs are condensed: [pairs] or
    [n, pairs].
    """
    ranks = np.mean([rankdata(rdm) for rdm in np.atleast_2d(rdms)], axis=0)
    if len(ranks) == 1:  # two concepts
        return np.arange(2)
    return leaves_list(linkage(ranks, method="average", optimal_ordering=True))


def similarity_maps(rdms: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Place concepts in the plane by their dissimilarities, each map aligned with the first.

    Metric multidimensional scaling of the ranks of dissimilarities (SMACOF, started at the classical solution).

    Parameters
    ----------
    rdms : sequence of array [pairs]
        Condensed dissimilarities over the same concepts, 3 or more.

    Returns
    -------
    places : array [n, concepts, 2]
        Centred, with a root mean square of 1.
    fit : array [n]
        Pearson's r between distances in the map and the ranks; NaN where either is constant.
    """
    places: list[np.ndarray] = []
    fit = []
    for rdm in rdms:
        ranks = rankdata(rdm)
        found, _ = smacof(squareform(ranks), init=_classical(squareform(ranks)), n_init=1)
        distances = pdist(found)
        fit.append(np.corrcoef(distances, ranks)[0, 1] if np.ptp(ranks) > 0 and np.ptp(distances) > 0 else np.nan)
        if places:  # a map rotated, mirrored or scaled is as good
            found = procrustes(places[0], found)[1]
        found = found - found.mean(axis=0)
        places.append(found / (np.sqrt(np.square(found).sum(axis=1).mean()) or 1))
    return np.array(places), np.array(fit)


def _classical(distances):
    """Torgerson's solution: the first two components of the doubly centred squares."""
    centre = np.eye(len(distances)) - 1 / len(distances)
    values, vectors = np.linalg.eigh(-centre @ distances**2 @ centre / 2)
    return vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0))
