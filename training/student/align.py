"""Makes the student before training: the tokenizer, and a first row for every Japanese piece.

A row is the mean of the teacher's rows of the four English words that go with the piece best in the
parallel text, weighted by Dice squared. Pieces without a good partner get what a ridge regression
predicts from their chiVe vector, and the rest the mean of the shorter pieces they are made of.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from chive import chive_folder, load_chive
from data import monolingual, parallel, similar
from machine import prepare, spread
from scipy import sparse
from teacher import teacher_folder
from tokenizers import Tokenizer
from vocabulary import JAPANESE, Units, choose_pieces, english_pieces, write_tokenizer

LEAST_DICE = 0.12
LEAST_PAIRS = 4
PARTNERS = 4


def main() -> None:
    """Count, choose, align and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--work", type=Path, default=Path("student-training"))
    parser.add_argument(
        "--chive", type=Path, help="folder of the word vectors (default: the installed package)"
    )
    parser.add_argument("--rows", type=int, default=39_000, help="Japanese rows")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    pairs, _ = parallel(args.data)
    units = _count(args.data, args.work, args.processes)
    words, vectors = load_chive(args.chive or chive_folder())

    teacher = Tokenizer.from_file(str(teacher_folder() / "tokenizer.json"))
    teacher.no_padding()
    teacher.no_truncation()
    english = english_pieces(teacher.get_vocab())
    common = [
        w for w, _ in sorted(units.surfaces.items(), key=lambda item: (-item[1], item[0])) if w in words
    ]
    japanese = choose_pieces(units, common, args.rows)
    path = args.work / "tokenizer.json"
    write_tokenizer(english, japanese, path)
    tokenizer = Tokenizer.from_file(str(path))
    print(
        f"{len(english):,} English and {len(japanese):,} Japanese pieces, {path.stat().st_size / 1e6:.1f} MB"
    )

    source = _teacher_rows()
    kept = source[[teacher.token_to_id(piece) for piece in english]]
    left = [
        [i - len(english) for i in e.ids if i >= len(english)]
        for e in tokenizer.encode_batch([p.left for p in pairs], add_special_tokens=False)
    ]
    aligned, good, score = align(left, len(japanese), [p.right for p in pairs], teacher, source)
    lemmas = {surface: forms.most_common(1)[0][0] for surface, forms in units.lemmas.items()}
    rows = complete(japanese, aligned, good, words, vectors, lemmas, tokenizer, len(english))
    np.savez(
        args.work / "rows.npz", rows=np.concatenate([kept, rows]).astype(np.float32), english=len(english)
    )
    print(f"aligned {good.mean():.1%} of the Japanese rows, median Dice {np.median(score[good]):.2f}")


def _count(data: Path, work: Path, processes: int) -> Units:
    """Return the units of all Japanese training text; they are kept for the next time."""
    stored = work / "units.json"
    units = Units()
    if stored.exists():
        found = json.loads(stored.read_text(encoding="utf-8"))
        units.surfaces, units.chains = Counter(found["surfaces"]), Counter(found["chains"])
        units.lemmas = {surface: Counter(forms) for surface, forms in found["lemmas"].items()}
        return units
    mono = monolingual(data)
    texts = dict.fromkeys(p.left for p in parallel(data)[0])
    texts |= dict.fromkeys([p.left for p in mono] + [p.right[:600] for p in mono])
    texts |= dict.fromkeys(text for a, b, _ in similar(data) for text in (a, b))
    parts = [list(islice(texts, i, None, processes)) for i in range(processes)]
    for part in spread(_units, parts, processes):
        units.surfaces.update(part.surfaces)
        units.chains.update(part.chains)
        for surface, forms in part.lemmas.items():
            units.lemmas.setdefault(surface, Counter()).update(forms)
    found = {"surfaces": units.surfaces, "chains": units.chains, "lemmas": units.lemmas}
    stored.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    return units


def _units(texts: list[str]) -> Units:
    units = Units()
    for text in texts:
        units.add(text)
    return units


def _teacher_rows() -> np.ndarray:
    from safetensors.numpy import load_file

    return load_file(teacher_folder() / "model.safetensors")["embeddings.word_embeddings.weight"]


def align(
    left: Sequence[Sequence[int]], size: int, right: Sequence[str], teacher: Tokenizer, source: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a row for each piece on the left, which rows are good, and the best Dice of each."""
    index: dict[tuple[int, ...], int] = {}
    english: list[set[int]] = []
    for encoded in teacher.encode_batch(list(right), add_special_tokens=False):
        words: list[list[int]] = []
        last = None
        for piece, word in zip(encoded.ids, encoded.word_ids, strict=True):
            if word != last:
                words.append([])
            words[-1].append(piece)
            last = word
        english.append({index.setdefault(tuple(w), len(index)) for w in words})
    a, b = _occurrences(left, size), _occurrences(english, len(index))
    counts_a, counts_b = np.asarray(a.sum(0)).ravel(), np.asarray(b.sum(0)).ravel()
    together = (a.T @ b).tocsr()
    word_rows = np.stack([source[list(word)].mean(0) for word in index])
    rows, best = np.zeros((size, source.shape[1]), np.float32), np.zeros(size, np.float32)
    for i in range(size):
        span = slice(together.indptr[i], together.indptr[i + 1])
        columns = together.indices[span]
        if len(columns) == 0:
            continue
        dice = 2 * together.data[span] / (counts_a[i] + counts_b[columns])
        top = np.argsort(-dice)[:PARTNERS]
        weights = dice[top] ** 2
        rows[i] = (weights[:, None] * word_rows[columns[top]]).sum(0) / weights.sum()
        best[i] = dice[top[0]]
    return rows, (best >= LEAST_DICE) & (counts_a >= LEAST_PAIRS), best


def _occurrences(texts: Sequence[Sequence[int] | set[int]], size: int) -> sparse.csr_matrix:
    unique = [sorted(set(text)) for text in texts]
    columns = np.fromiter((i for text in unique for i in text), np.int64)
    starts = np.concatenate([[0], np.cumsum([len(text) for text in unique])])
    return sparse.csr_matrix((np.ones(len(columns), np.float32), columns, starts), shape=(len(texts), size))


def complete(
    japanese: list[str],
    aligned: np.ndarray,
    good: np.ndarray,
    words: dict[str, int],
    vectors: np.ndarray,
    lemmas: dict[str, str],
    tokenizer: Tokenizer,
    offset: int,
) -> np.ndarray:
    """Return the rows with those that are not good predicted from chiVe, or from shorter pieces."""
    known = np.array([words.get(p, words.get(lemmas.get(p, ""), -1)) for p in japanese])
    features = vectors[np.maximum(known, 0)].astype(np.float64)
    features /= np.linalg.norm(features, axis=1, keepdims=True) + 1e-9
    both = good & (known >= 0)
    mean_x, mean_y = features[both].mean(0), aligned[both].mean(0)
    x, y = features[both] - mean_x, aligned[both] - mean_y
    weights = np.linalg.solve(x.T @ x + 10.0 * np.eye(x.shape[1]), x.T @ y)
    rows = aligned.copy()
    spread_of = np.linalg.norm(y, axis=1).mean()
    predicted = (features - mean_x) @ weights
    predicted *= spread_of / (np.linalg.norm(predicted, axis=1, keepdims=True) + 1e-9)
    poor = ~good & (known >= 0)
    rows[poor] = predicted[poor] + mean_y
    print(
        f"{good.sum():,} aligned, {poor.sum():,} from chiVe, {(~good & (known < 0)).sum():,} from shorter pieces"
    )
    for i in np.flatnonzero(~good & (known < 0)):
        piece = japanese[i]
        half = [p for p in (piece[:1], piece[1:]) if p and JAPANESE.fullmatch(p)]
        ids = [
            j - offset for p in half for j in tokenizer.encode(p, add_special_tokens=False).ids if j >= offset
        ]
        ids = [j for j in ids if j != i and (good[j] or known[j] >= 0)]
        rows[i] = rows[ids].mean(0) if ids else mean_y
    return rows


if __name__ == "__main__":
    prepare()
    main()
