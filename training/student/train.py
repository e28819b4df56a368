"""Trains the student: every text near the teacher's vector of its English side, questions near answers.

Each process has one thread and its own batches; weights, gradients and the optimiser's state lie in
shared memory, and each process updates its part of them. The rate falls in a line to nothing over the
given minutes, so a run ends when it should on a busy machine too. Run it again to go on.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import prepare
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import cross_entropy

from data import Pair, inquiries, intents, monolingual, parallel, similar
from student import WIDTH, Student, load, pad

SCALE = 20.0
BANK = 512
QUEUE = 384
NEAR = 0.9
WARM_UP = 100
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
AVERAGE_EVERY, AVERAGE_KEEP = 10, 0.97


@dataclass
class Plan:
    """What one run is told."""

    data: Path
    work: Path
    minutes: float
    processes: int
    tokens: int
    body_rate: float
    row_rate: float
    shares: dict[str, float]
    checkpoint_seconds: float = 300.0
    show_seconds: float = 30.0
    seed: int = 1


@dataclass
class Corpus:
    """Tokenised texts and the teacher's vectors."""

    parallel: list[tuple[list[int], int, str]]
    """Japanese ids, the number of the teacher's vector, the source."""
    english: list[tuple[list[int], int, str]]
    mono: list[tuple[list[int], list[int], list[int] | None, str]]
    """Question, answer, the question in English where known, group."""
    asked: list[tuple[list[int], list[int], list[int] | None, str]]
    """The same for inquiries and the sections that answer them."""
    similar: list[tuple[list[int], list[int], float]]
    held_out: tuple[list[list[int]], np.ndarray]
    teacher: np.ndarray
    by_source: dict[str, np.ndarray] = field(default_factory=dict)


def read_corpus(plan: Plan) -> Corpus:
    """Return everything tokenised; the teacher's vectors come from ``teacher.py``."""
    import json

    tokenizer = Tokenizer.from_file(str(plan.work / "tokenizer.json"))

    def ids(texts: list[str], longest: int) -> list[list[int]]:
        tokenizer.enable_truncation(longest)
        return [e.ids for e in tokenizer.encode_batch(texts)]

    train, held_out = parallel(plan.data)
    number = {text: i for i, text in enumerate(json.loads((plan.work / "teacher.json").read_text("utf-8")))}
    teacher = np.load(plan.work / "teacher.npy")
    rows = list(
        zip(
            ids([p.left for p in train], 96),
            [number[p.right] for p in train],
            [p.source for p in train],
            strict=True,
        )
    )
    texts = sorted({p.right for p in train}) + 2 * intents(plan.data)
    english = list(zip(ids(texts, 64), [number[t] for t in texts], ["english"] * len(texts), strict=True))
    translated = {p.left: p.right for p in train if p.group in {"heading", "ui"}}
    mono = monolingual(plan.data)
    left, right = ids([p.left for p in mono], 48), ids([_crop(p) for p in mono], 72)
    also = ids([translated.get(p.left, "") for p in mono], 48)
    pairs = [
        (a, b, c if len(c) > 2 else None, p.source + p.group)
        for a, b, c, p in zip(left, right, also, mono, strict=True)
    ]
    letters, _ = inquiries(plan.data)
    left, right = ids([p.left for p in letters], 96), ids([p.right for p in letters], 128)
    asked = [(a, b, None, p.group) for a, b, p in zip(left, right, letters, strict=True)]
    near = similar(plan.data)
    scored = list(
        zip(
            ids([a for a, _, _ in near], 48),
            ids([b for _, b, _ in near], 48),
            [s for _, _, s in near],
            strict=True,
        )
    )
    hidden = (
        ids([p.left for p in held_out], 96),
        teacher[[number[p.right] for p in held_out]].astype(np.float32),
    )
    by_source = {s: np.unique([n for _, n, source in rows if source == s]) for s in {r[2] for r in rows}}
    by_source["english"] = np.array([n for _, n, _ in english])
    return Corpus(rows, english, pairs, asked, scored, hidden, teacher, by_source)


def _crop(pair: Pair) -> str:
    """Return the answer from one of its sentences on: mostly the first."""
    chance = random.Random(pair.left + pair.right[:50])
    if len(pair.right) > 200 and chance.random() < 0.35:
        starts = [i + 1 for i, c in enumerate(pair.right[:-60]) if c == "。"]
        if starts:
            return pair.right[chance.choice(starts) :]
    return pair.right[:400]


def batches(corpus: Corpus, task: str, tokens: int, chance: random.Random) -> Iterator[list[Any]]:
    """Yield batches of ``task`` for ever."""
    rows: list[Any] = {
        "parallel": corpus.parallel,
        "english": corpus.english,
        "mono": corpus.mono,
        "asked": corpus.asked,
        "similar": corpus.similar,
    }[task]
    while True:
        order = list(range(len(rows)))
        chance.shuffle(order)
        made: list[list[Any]] = []
        if task == "asked":
            size = max(8, tokens // 160)
            made = [[rows[i] for i in order[s : s + size]] for s in range(0, len(order), size)]
        elif task == "mono":
            half = len(order) // 2
            near = sorted(order[half:], key=lambda i: rows[i][3])  # sections of one document side by side
            for part in (order[:half], near):
                size = max(8, tokens // 48)
                made += [[rows[i] for i in part[s : s + size]] for s in range(0, len(part), size)]
        else:
            if task in {"parallel", "english"}:
                for start in range(0, len(order), 20_000):  # one source, like lengths
                    order[start : start + 20_000] = sorted(
                        order[start : start + 20_000], key=lambda i: (rows[i][2], len(rows[i][0]))
                    )
            start = 0
            while start < len(order):
                batch: list[Any] = []
                longest = 0
                while start < len(order) and len(batch) < 128:
                    row = rows[order[start]]
                    longest = max(longest, len(row[0]))
                    if batch and longest * (len(batch) + 1) > tokens:
                        break
                    batch.append(row)
                    start += 1
                made.append(batch)
        chance.shuffle(made)
        yield from (batch for batch in made if len(batch) >= 4)


class Losses:
    """What a batch of each task costs."""

    def __init__(self, corpus: Corpus, chance: random.Random) -> None:
        self.corpus, self.chance = corpus, chance
        self.queue: list[tuple[Tensor, str]] = []

    def distil(self, made: Tensor, batch: list[Any]) -> Tensor:
        """Return 5·(1 − cos) and the cross-entropy against the batch and a bank of other vectors."""
        wanted = torch.from_numpy(self.corpus.teacher[[n for _, n, _ in batch]].astype(np.float32))
        own = self.corpus.by_source[batch[0][2]]
        pick = np.random.default_rng(self.chance.getrandbits(32))
        others = np.concatenate([pick.choice(own, BANK), pick.integers(0, len(self.corpus.teacher), BANK)])
        bank = torch.cat([wanted, torch.from_numpy(self.corpus.teacher[others].astype(np.float32))])
        alike = wanted @ bank.T > NEAR
        alike[range(len(batch)), range(len(batch))] = False
        logits = SCALE * made @ bank.T
        cosine = (made * wanted).sum(1)
        target = torch.arange(len(batch))
        return 5 * (1 - cosine).mean() + cross_entropy(logits.masked_fill(alike, -100), target)

    def answer(self, made: Tensor, batch: list[Any]) -> Tensor:
        """Return the cross-entropy of questions against answers, both ways, and against recent answers."""
        questions, answers = made[: len(batch)], made[len(batch) :]
        names = [str(b[1]) for b in batch]
        asked = [str(b[0]) for b in batch]
        same = torch.tensor(
            [
                [i != j and (names[i] == names[j] or asked[i] == asked[j]) for j in range(len(batch))]
                for i in range(len(batch))
            ]
        )
        target = torch.arange(len(batch))
        inside = (SCALE * questions @ answers.T).masked_fill(same, -100)
        wide = inside
        if self.queue:
            older = torch.stack([v for v, _ in self.queue])
            known = torch.tensor([[name == a for _, name in self.queue] for a in names])
            wide = torch.cat([inside, (SCALE * questions @ older.T).masked_fill(known, -100)], 1)
        self.queue = (self.queue + list(zip(answers.detach(), names, strict=True)))[-QUEUE:]
        return cross_entropy(wide, target) + 0.5 * cross_entropy(inside.T, target)

    def score(self, made: Tensor, batch: list[Any]) -> Tensor:
        """Return the squared distance of cosines and given similarities."""
        cosine = (made[: len(batch)] * made[len(batch) :]).sum(1)
        return 4 * ((cosine - torch.tensor([s for _, _, s in batch])) ** 2).mean()


class Shared:
    """Weights, gradients and state in shared memory."""

    def __init__(self, table: Tensor, body: Tensor, english: int, processes: int, row_limit: int) -> None:
        self.english = english
        self.values = {"table_value": table.clone(), "body_value": body.clone()}
        for name in ("table", "body"):
            for kind in ("first", "second", "average"):
                self.values[f"{name}_{kind}"] = torch.zeros_like(self.values[f"{name}_value"])
        self.values["table_steps"] = torch.zeros(len(table))
        for name in ("step", "seconds", "averaged"):
            self.values[name] = torch.zeros(1, dtype=torch.float64)
        self.body_gradients = torch.zeros(processes, len(body))
        self.row_ids = torch.zeros(processes, row_limit, dtype=torch.long)
        self.row_counts = torch.zeros(processes, dtype=torch.long)
        self.row_gradients = torch.zeros(processes, row_limit, WIDTH)
        for tensor in (
            *self.values.values(),
            self.body_gradients,
            self.row_ids,
            self.row_counts,
            self.row_gradients,
        ):
            tensor.share_memory_()

    def update(self, rank: int, processes: int, plan: Plan, rate: float) -> None:
        """Apply all gradients to this process's part of the weights."""
        v = self.values
        step = int(v["step"]) + 1
        size = -(-len(v["body_value"]) // processes)
        part = slice(rank * size, (rank + 1) * size)
        gradient = self.body_gradients[:, part].mean(0)
        first, second = v["body_first"][part], v["body_second"][part]
        first.lerp_(gradient, 1 - BETA1)
        second.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        scale = (second / (1 - BETA2**step)).sqrt_().add_(EPSILON)
        v["body_value"][part].addcdiv_(first, scale, value=-plan.body_rate * rate / (1 - BETA1**step))

        ids = torch.cat([self.row_ids[r, : self.row_counts[r]] for r in range(processes)])
        gradients = torch.cat([self.row_gradients[r, : self.row_counts[r]] for r in range(processes)])
        mine = ids % processes == rank
        unique, place = ids[mine].unique(return_inverse=True)
        summed = torch.zeros(len(unique), WIDTH).index_add_(0, place, gradients[mine]) / processes
        steps = v["table_steps"][unique] + 1
        first = v["table_first"][unique].lerp_(summed, 1 - BETA1)
        second = v["table_second"][unique].mul_(BETA2).addcmul_(summed, summed, value=1 - BETA2)
        v["table_steps"][unique], v["table_first"][unique], v["table_second"][unique] = steps, first, second
        change = first / (1 - BETA1 ** steps[:, None])
        change /= (second / (1 - BETA2 ** steps[:, None])).sqrt_().add_(EPSILON)
        rates = torch.where(unique < self.english, plan.body_rate, plan.row_rate) * rate
        v["table_value"][unique] -= rates[:, None] * change

        if step % AVERAGE_EVERY == 0:
            keep = AVERAGE_KEEP if float(v["averaged"]) else 0.0
            v["body_average"][part].lerp_(v["body_value"][part], 1 - keep)
            rows = slice(rank, None, processes)
            v["table_average"][rows] = v["table_average"][rows].lerp(v["table_value"][rows], 1 - keep)


class Worker:
    """One process: its own batches, the shared weights."""

    def __init__(self, rank: int, plan: Plan, shared: Shared) -> None:
        self.rank, self.plan, self.shared = rank, plan, shared
        self.corpus = read_corpus(plan)
        values = shared.values
        self.chance = random.Random(f"{plan.seed} {rank} {int(values['step'])}")
        self.student = Student(values["table_value"], values["body_value"])
        self.gradient = shared.body_gradients[rank]
        self.student.collect(self.gradient)
        self.losses = Losses(self.corpus, self.chance)
        self.streams = {task: batches(self.corpus, task, plan.tokens, self.chance) for task in plan.shares}
        self.spent = dict.fromkeys(plan.shares, 1e-6)
        self.totals: dict[str, list[float]] = {task: [] for task in plan.shares}
        self.pairs = 0

    def learn(self) -> None:
        """Put the gradients of the next batch where all processes see them."""
        task = min(self.plan.shares, key=lambda t: self.spent[t] / self.plan.shares[t])
        batch = next(self.streams[task])
        matrix, mask = pad(self._texts(task, batch))
        unique, place = matrix.unique(return_inverse=True)
        rows = self.shared.values["table_value"][unique].requires_grad_(True)
        self.gradient.zero_()
        if task in {"mono", "asked"}:  # short questions and long answers apart, so that little is padding
            half = len(batch)
            parts = [(place[:half], mask[:half]), (place[half:], mask[half:])]
        else:
            parts = [(place, mask)]
        made = torch.cat([self._run(rows, *part) for part in parts])
        price = {"mono": self.losses.answer, "asked": self.losses.answer, "similar": self.losses.score}.get(
            task, self.losses.distil
        )
        loss = price(made, batch)
        loss.backward()
        count = len(unique)
        self.shared.row_ids[self.rank, :count] = unique
        self.shared.row_gradients[self.rank, :count] = rows.grad
        self.shared.row_counts[self.rank] = count
        self.spent[task] += int(mask.sum())
        self.totals[task].append(float(loss.detach()))
        self.pairs += len(batch)

    def _texts(self, task: str, batch: list[Any]) -> list[list[int]]:
        if task in {"parallel", "english"}:
            return [row[0] for row in batch]
        if task in {"mono", "asked"}:  # now and then the question in English
            asked = [c if c is not None and self.chance.random() < 0.3 else a for a, _, c, _ in batch]
            return asked + [b for _, b, _, _ in batch]
        return [a for a, _, _ in batch] + [b for _, b, _ in batch]

    def _run(self, rows: Tensor, place: Tensor, mask: Tensor) -> Tensor:
        width = int(mask.sum(1).max())
        with torch.autocast("cpu", torch.bfloat16):
            return self.student(rows[place[:, :width]], mask[:, :width])

    def progress(self, took: float) -> str:
        """Return what to show after ``took`` seconds of this run."""
        all_of = self.plan.processes / took
        losses = ", ".join(f"{task} {np.mean(x[-100:]):.3f}" for task, x in self.totals.items() if x)
        return (
            f"{losses}; {all_of * self.pairs:.0f} pairs/s, {all_of * sum(self.spent.values()):,.0f} tokens/s, "
            f"{self.plan.minutes - float(self.shared.values['seconds']) / 60:.0f} min left"
        )


def work(rank: int, plan: Plan, shared: Shared, barrier: Any) -> None:
    """Train as process ``rank``."""
    torch.set_num_threads(1)
    worker = Worker(rank, plan, shared)
    values = shared.values
    before = float(values["seconds"])
    barrier.wait()
    started = shown = saved = time.monotonic()
    while (progress := float(values["seconds"]) / (60 * plan.minutes)) < 1:
        worker.learn()
        barrier.wait()
        step = int(values["step"]) + 1
        shared.update(rank, plan.processes, plan, min(1.0, step / WARM_UP) * (1 - progress))
        barrier.wait()
        if rank == 0:
            now = time.monotonic()
            values["step"].fill_(step)
            if step % AVERAGE_EVERY == 0:
                values["averaged"].fill_(1)
            if now - shown > plan.show_seconds:
                print(f"step {step}, {progress:.1%}: {worker.progress(now - started)}", flush=True)
                shown = now
            if now - saved > plan.checkpoint_seconds:
                save(shared, plan.work / "checkpoint.safetensors")
                print(f"step {step}: {accuracy(worker.student, worker.corpus)}", flush=True)
                saved = time.monotonic()
            values["seconds"].fill_(before + time.monotonic() - started)
        barrier.wait()
    if rank == 0:
        save(shared, plan.work / "checkpoint.safetensors")
        print(f"end: {accuracy(worker.student, worker.corpus)}")
        average = Student(values["table_average"], values["body_average"])
        print(f"averaged: {accuracy(average, worker.corpus)}")


def accuracy(student: Student, corpus: Corpus) -> str:
    """Return how often the nearest English sentence is the right one, and the other way round."""
    ids, wanted = corpus.held_out
    alike = student.encode(ids) @ wanted.T
    right = np.arange(len(ids))
    return (
        f"held-out ja→en {np.mean(alike.argmax(1) == right):.3f}, en→ja {np.mean(alike.argmax(0) == right):.3f}, "
        f"cosine {np.mean(alike[right, right]):.3f}"
    )


def save(shared: Shared, path: Path) -> None:
    """Write the state beside ``path``, then let it take its place."""
    beside = path.with_suffix(".part")
    save_file({name: tensor.clone() for name, tensor in shared.values.items()}, beside)
    beside.replace(path)


def main() -> None:
    """Start or go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--work", type=Path, default=Path("student-training"))
    parser.add_argument("--minutes", type=float, default=75)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=1536, help="tokens in one process's batch")
    parser.add_argument("--body-rate", type=float, default=1e-4)
    parser.add_argument("--row-rate", type=float, default=2e-3)
    parser.add_argument("--shares", default="parallel=0.64,mono=0.26,english=0.08,similar=0.02")
    parser.add_argument("--restart", action="store_true", help="leave an old checkpoint aside")
    parser.add_argument("--start", type=Path, help="begin with the averaged weights of this checkpoint")
    args = parser.parse_args()
    shares = {name: float(share) for name, share in (part.split("=") for part in args.shares.split(","))}
    plan = Plan(
        args.data, args.work, args.minutes, args.processes, args.tokens, args.body_rate, args.row_rate, shares
    )
    first = np.load(args.work / "rows.npz")
    table = torch.from_numpy(first["rows"])
    student = load(args.start) if args.start else Student(table)
    shared = Shared(student.table, student.flat, int(first["english"]), args.processes, 4 * args.tokens + 512)
    checkpoint = args.work / "checkpoint.safetensors"
    if checkpoint.exists() and not args.restart:
        for name, tensor in load_file(checkpoint).items():
            shared.values[name].copy_(tensor)
        print(f"goes on at step {int(shared.values['step'])}")
    context = torch.multiprocessing.get_context("spawn")
    barrier = context.Barrier(args.processes)
    torch.multiprocessing.spawn(work, (plan, shared, barrier), nprocs=args.processes)


if __name__ == "__main__":
    prepare()
    main()
