"""Train the bundled static model: chiVe's word vectors, moved by contrastive learning on text pairs.

    python training/static/train.py --data ../shared/data/train

Two texts of a pair are drawn together and pushed away from the other texts of the batch
(InfoNCE, both directions). Every run with the same seed and data gives the same model.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from corpus import Pair, analyse, read_pairs
from numpy.typing import NDArray
from scipy import sparse
from start import Rows, Table, chive_folder, choose_vocabulary, read_chive, start_vectors
from torch.nn import functional
from tqdm import tqdm

from suggest.index.static_embedder import write_table

NAME = "suggest-static-ja-en"
CARD = {
    "name": NAME,
    "languages": ["ja", "en"],
    "license": "Apache-2.0",
    "attribution": "word vectors: chiVe (Works Applications, Apache-2.0); training texts: see NOTICE of reply-suggest",
}
MODULES = [{"idx": 0, "name": "0", "path": "", "type": "suggest.index.sentence_module.StaticModule"}]
FALSE_NEGATIVE = -1e4


class Task(NamedTuple):
    """The pairs of one kind, as vocabulary rows, and the groups whose members are no negatives."""

    left: list[Rows]
    right: list[Rows]
    left_group: NDArray[np.int64]
    right_group: NDArray[np.int64]


def as_task(pairs: list[Pair], rows: dict[str, Rows]) -> Task:
    """Look up the rows of the texts of ``pairs``, leaving out pairs with a side that has none."""
    pairs = [pair for pair in pairs if len(rows[pair.left]) and len(rows[pair.right])]
    numbers: dict[str, int] = {}

    def group(key: str) -> int:
        return numbers.setdefault(key, len(numbers))

    return Task(
        [rows[pair.left] for pair in pairs],
        [rows[pair.right] for pair in pairs],
        np.array([group(pair.group or f"left {pair.left}") for pair in pairs]),
        np.array([group(pair.group or f"right {pair.right}") for pair in pairs]),
    )


def plan(
    tasks: dict[str, Task], options: argparse.Namespace, rng: np.random.Generator
) -> list[tuple[str, Rows]]:
    """Return the batches of the whole training in order; a batch holds pairs of one task."""
    batches = []
    for name, task in tasks.items():
        for _ in range(options.epochs):
            order = rng.permutation(len(task.left))
            parts = [order[i : i + options.batch] for i in range(0, len(order), options.batch)]
            batches += [(name, part) for part in parts if len(part) >= 32]
    return [batches[i] for i in rng.permutation(len(batches))]


def augment(rows: Rows, options: argparse.Namespace, rng: np.random.Generator) -> Rows:
    """Cut a random window out of a long text and drop some tokens."""
    if len(rows) > options.window:
        length = int(rng.integers(options.window // 4, options.window + 1))
        start = int(rng.integers(0, len(rows) - length + 1)) if rng.random() < 0.7 else 0
        rows = rows[start : start + length]
    if options.dropout and len(rows) > 2:
        kept = rng.random(len(rows)) >= rng.random() * 2 * options.dropout
        rows = rows[kept] if kept.any() else rows
    return rows


class LazyAdam:
    """Adam that moves only the rows of a batch (as torch's SparseAdam, which is slower on CPUs)."""

    def __init__(self, table: Table) -> None:
        self.table = torch.from_numpy(table)
        self._mean = torch.zeros_like(self.table)
        self._square = torch.zeros_like(self.table)
        self._step = 0

    def update(self, rows: Rows, gradient: torch.Tensor, rate: float) -> None:
        """Move ``rows`` against ``gradient``."""
        self._step += 1
        index = torch.from_numpy(rows)
        mean = self._mean[index].lerp_(gradient, 0.1)
        square = self._square[index].lerp_(gradient.square(), 0.001)
        self._mean[index], self._square[index] = mean, square
        root = (square / (1 - 0.999**self._step)).sqrt_().add_(1e-8)
        self.table[index] -= rate / (1 - 0.9**self._step) * mean / root


def step(adam: LazyAdam, task: Task, chosen: Rows, rate: float, scale: float, texts: list[Rows]) -> float:
    """Take one step on the pairs ``chosen`` (``texts``: all left sides, then all right sides); return the loss."""
    rows, columns = np.unique(np.concatenate(texts), return_inverse=True)
    ends = np.cumsum([0, *map(len, texts)])
    bags = sparse.csr_matrix(
        (np.ones(len(columns), np.float32), columns, ends), shape=(len(texts), len(rows))
    )
    bags.sum_duplicates()
    np.sqrt(bags.data, out=bags.data)  # as suggest.index.static_embedder.bag does
    sums = torch.from_numpy(bags @ adam.table[torch.from_numpy(rows)].numpy()).requires_grad_()
    left, right = functional.normalize(sums, dim=1).split(len(chosen))
    left_group, right_group = task.left_group[chosen], task.right_group[chosen]
    same = torch.from_numpy((left_group[:, None] == left_group) | (right_group[:, None] == right_group))
    scores = (left @ right.T * scale).masked_fill(same.fill_diagonal_(False), FALSE_NEGATIVE)
    answers = torch.arange(len(chosen))
    loss = (functional.cross_entropy(scores, answers) + functional.cross_entropy(scores.T, answers)) / 2
    loss.backward()
    assert sums.grad is not None
    adam.update(rows, torch.from_numpy(bags.T.tocsr() @ sums.grad.numpy()), rate)
    return float(loss)


def train(
    table: Table, tasks: dict[str, Task], options: argparse.Namespace, rng: np.random.Generator
) -> Table:
    """Return the trained vectors; the rate rises over 50 steps, then falls to zero in a straight line."""
    batches = plan(tasks, options, rng)
    adam = LazyAdam(table)
    progress = tqdm(batches, desc="train", unit="batch", mininterval=2)
    smooth = 0.0
    for number, (name, chosen) in enumerate(progress):
        rate = options.rate * min(1, (number + 1) / 50) * max(0.02, 1 - number / len(batches))
        task = tasks[name]
        sides = [task.left[i] for i in chosen] + [task.right[i] for i in chosen]
        loss = step(adam, task, chosen, rate, options.scale, [augment(rows, options, rng) for rows in sides])
        smooth = loss if not number else 0.98 * smooth + 0.02 * loss
        progress.set_postfix(loss=f"{smooth:.3f}", refresh=False)
    return adam.table.numpy()


def main() -> None:
    """Train and write the model folder."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description="Train the bundled static model.")
    parser.add_argument("--data", type=Path, default=root.parent / "shared" / "data" / "train")
    parser.add_argument("--output", type=Path, default=root / "src/suggest/index/models/static-ja-en")
    parser.add_argument("--chive", type=Path, help="folder of the word vectors (default: package ja-ginza)")
    parser.add_argument("--rows", type=int, default=83_000, help="tokens in the model")
    parser.add_argument("--least", type=int, default=3, help="occurrences that make a token worth a row")
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--scale", type=float, default=20.0, help="one over the temperature")
    parser.add_argument("--window", type=int, default=128, help="tokens of a long text seen at a time")
    parser.add_argument("--dropout", type=float, default=0.0, help="mean share of tokens dropped")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(options.seed)

    pairs = read_pairs(options.data, options.seed)
    texts = sorted({text for task in pairs.values() for pair in task for text in (pair.left, pair.right)})
    analysed = analyse(texts, options.threads)
    counts = Counter(token for terms in analysed for token in terms)
    chive = read_chive(options.chive or chive_folder())
    vocabulary = choose_vocabulary(counts, chive[0], options.least, options.rows)
    row_of = {token: row for row, token in enumerate(vocabulary)}
    rows = {
        text: np.array([row_of[token] for token in terms if token in row_of], np.int64)
        for text, terms in zip(texts, analysed, strict=True)
    }
    tasks = {name: as_task(task, rows) for name, task in pairs.items()}
    print({name: len(task.left) for name, task in tasks.items()}, f"{len(vocabulary):,} tokens", flush=True)
    parallel = tasks["parallel"]
    holding = tasks["heading_body"].right + parallel.right
    sides = (parallel.left, parallel.right)
    table = start_vectors(vocabulary, counts, chive, sides, holding, options.dimension, rng)
    table = train(table, tasks, options, rng)
    write_table(options.output, vocabulary, table, CARD)
    (options.output / "modules.json").write_text(json.dumps(MODULES, indent=2) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in options.output.iterdir())
    print(f"{options.output}: {size / 1e6:.1f} MB, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
