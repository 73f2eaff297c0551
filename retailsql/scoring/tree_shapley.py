"""Exact Shapley values of tree ensembles, from tables made once.

A leaf is reached if the conditions on its path hold. Say which features' conditions hold in the
row x, and which in the reference row z: if together they are all, the leaf's weight v counts in
those coalitions that take each feature only x fulfils from x and each only z fulfils from z, and
its Shapley values are v (a-1)! b! / (a+b)! for each of the a features of the first sort and
-v a! (b-1)! / (a+b)! for each of the b of the second (Lundberg et al., 2020, "independent"
feature perturbation). That depends on x by the pattern of its fulfilled features alone, so the mean
over all reference rows is one table per leaf: explaining a row is looking up each leaf's pattern,
however many reference rows there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

from retailsql.scoring.onnx_trees import COMPARISONS, Trees
from retailsql.scoring.shapley import Floats

MOST_CELLS = 4_000_000
"""Numbers in all tables: 32 MB. Trees with longer paths are explained by sampling."""
CELLS = 2_000_000
"""Patterns held at once."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Leaves:
    """The paths of an ensemble's leaves; shape (leaves, longest path) unless said.

    Args:
        node: the nodes of the path; -1 behind its end.
        yes: whether the path takes the way of yes.
        slot: which of the leaf's features the node compares.
        feature: feature of each slot, shape (leaves, most features); -1 for none.
        weight: shape (leaves, outputs).
    """

    node: NDArray[np.int64]
    yes: NDArray[np.bool_]
    slot: NDArray[np.int64]
    feature: NDArray[np.int64]
    weight: Floats


def read_leaves(trees: Trees, feature_of: NDArray[np.int64]) -> Leaves | None:
    """The leaves of an ensemble; None if their tables would be too large.

    Args:
        trees: the ensemble.
        feature_of: the feature that each column of its matrix is made of.
    """
    ends: list[tuple[int, list[tuple[int, bool]]]] = []
    todo: list[tuple[int, list[tuple[int, bool]]]] = [(int(root), []) for root in trees.roots]
    leaf = COMPARISONS.index(b"LEAF")
    cells = 0
    while todo:
        node, path = todo.pop()
        if trees.mode[node] == leaf:
            ends.append((node, path))
            k = len({int(feature_of[trees.column[n]]) for n, _ in path})
            cells += (k << k) * trees.outputs
            if cells > MOST_CELLS:
                return None
        else:
            todo.append((int(trees.yes[node]), [*path, (node, True)]))
            todo.append((int(trees.no[node]), [*path, (node, False)]))
    return _arrays(trees, feature_of, ends)


def _arrays(
    trees: Trees,
    feature_of: NDArray[np.int64],
    ends: list[tuple[int, list[tuple[int, bool]]]],
) -> Leaves | None:
    longest = max(1, *(len(path) for _, path in ends))
    shape = (len(ends), longest)
    node, yes, slot = np.full(shape, -1), np.zeros(shape, np.bool_), np.zeros(shape, np.int64)
    slots: list[list[int]] = []
    for i, (_, path) in enumerate(ends):
        own: list[int] = []
        for j, (n, way) in enumerate(path):
            feature = int(feature_of[trees.column[n]])
            if feature not in own:
                own.append(feature)
            node[i, j], yes[i, j], slot[i, j] = n, way, own.index(feature)
        slots.append(own)
    width = max(1, *map(len, slots))
    if (len(ends) * width << width) * trees.outputs > 4 * MOST_CELLS:
        return None  # one long path makes every table long
    features = np.array([own + [-1] * (width - len(own)) for own in slots])
    weight = np.zeros((len(trees.column), trees.outputs))
    np.add.at(weight, trees.weights[:2], trees.weights[2])
    return Leaves(node, yes, slot, features, weight[[end for end, _ in ends]])


class TreeExplainer:
    """Exact attributions of a sum of trees.

    Args:
        trees: the ensemble.
        leaves: its paths.
        features: number of features.
        reference: the matrix of the reference rows.
    """

    def __init__(self, trees: Trees, leaves: Leaves, features: int, reference: Matrix) -> None:
        self._trees, self._leaves, self._features = trees, leaves, features
        inner = trees.mode != COMPARISONS.index(b"LEAF")
        self._inner = np.flatnonzero(inner)
        place = np.cumsum(inner) - 1
        self._node = np.where(leaves.node < 0, 0, place[leaves.node])
        self._slots = leaves.feature.shape[1]
        self._full = ((1 << (leaves.feature >= 0).sum(axis=1)) - 1).astype(np.int32)
        self._shares = self._mean_shares(self.patterns(reference))
        # Leaf and slot of each term, those of one feature side by side.
        leaf, slot = np.nonzero(leaves.feature >= 0)
        order = np.argsort(leaves.feature[leaf, slot], kind="stable")
        self._leaf, self._slot = leaf[order], slot[order]
        self._present, self._starts = np.unique(
            leaves.feature[self._leaf, self._slot], return_index=True
        )

    def values(self, matrix: Matrix) -> Floats:
        """The sums over the trees, (rows, outputs)."""
        sums: Floats = (self.patterns(matrix) == self._full) @ self._leaves.weight
        return sums

    def tables(self, turn: Floats) -> Floats:
        """What :meth:`attributions` looks up: output, then leaf, slot and pattern in one.

        Args:
            turn: from the trees' outputs to those wanted, (outputs, wanted).
        """
        weight = (self._leaves.weight @ turn).T[:, None, :, None]
        return np.reshape(self._shares * weight, (turn.shape[1], -1))

    def attributions(self, matrix: Matrix, tables: Floats) -> Floats:
        """Shape (rows, features, outputs). Sums are taken row by row, in one order: a matrix
        product's last bits depend on how many rows there are.
        """
        out = np.zeros((len(matrix), self._features, len(tables)))
        if not len(self._leaf):
            return out
        base = (self._slot * len(self._full) + self._leaf) << self._slots
        size = max(1, CELLS // len(self._leaf))
        for begin in range(0, len(matrix), size):
            rows = slice(begin, begin + size)
            at = self.patterns(matrix[rows])[:, self._leaf] + base
            for k, table in enumerate(tables):
                out[rows, self._present, k] = np.add.reduceat(table[at], self._starts, axis=1)
        return out

    def patterns(self, matrix: Matrix) -> NDArray[np.int32]:
        """Which features' conditions hold, one bit per slot of each leaf, (rows, leaves)."""
        yes = self._decisions(matrix)
        leaves = self._leaves
        out = np.repeat(self._full[None], len(matrix), axis=0)
        for step in range(leaves.node.shape[1]):
            some = np.flatnonzero(leaves.node[:, step] >= 0)
            wrong = yes[:, self._node[some, step]] != leaves.yes[some, step]
            out[:, some] &= ~(wrong.astype(np.int32) << leaves.slot[some, step].astype(np.int32))
        return out

    def _decisions(self, matrix: Matrix) -> NDArray[np.bool_]:
        """The answer at each inner node, (rows, inner nodes)."""
        trees, inner = self._trees, self._inner
        value, threshold = matrix[:, trees.column[inner]], trees.threshold[inner]
        mode = trees.mode[inner]
        tests = (np.less_equal, np.less, np.greater_equal, np.greater, np.equal)
        out = np.zeros(value.shape, np.bool_)
        for i, test in enumerate(tests):
            some = mode == i
            if some.all():
                out = test(value, threshold)
            elif some.any():
                out[:, some] = test(value[:, some], threshold[some])
        if trees.missing[inner].any():
            out |= np.isnan(value) & trees.missing[inner]
        return out

    def _mean_shares(self, reference: NDArray[np.int32]) -> Floats:
        """Slot, leaf and pattern -> what of a leaf's weight the feature gets, on average."""
        slots, leaves = self._slots, len(self._full)
        patterns = np.arange(1 << slots)
        own, other = _shares(slots)
        out = np.zeros((slots, leaves, 1 << slots))
        bits = np.array([p.bit_count() for p in patterns])
        for z in reference:
            theirs = z[:, None]  # leaves, 1
            whole = (patterns | theirs) == self._full[:, None]
            mine, not_mine = patterns & ~theirs, theirs & ~patterns
            a, b = bits[mine], bits[not_mine]
            for slot in range(slots):
                out[slot] += whole * np.where(mine >> slot & 1, own[a, b], 0.0)
                out[slot] -= whole * np.where(not_mine >> slot & 1, other[a, b], 0.0)
        out /= len(reference)
        return out


def _shares(slots: int) -> tuple[Floats, Floats]:
    """(a-1)! b! / (a+b)! and a! (b-1)! / (a+b)!, by a and b.

    >>> _shares(1)[0].tolist()
    [[0.0, 0.0], [1.0, 0.5]]
    """
    own = np.zeros((slots + 1, slots + 1))
    for a in range(1, slots + 1):
        for b in range(slots + 1):
            own[a, b] = factorial(a - 1) * factorial(b) / factorial(a + b)
    return own, own.T.copy()
