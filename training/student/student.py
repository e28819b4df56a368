"""The student as one flat row of numbers and a table, so that processes can share it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from teacher import teacher_folder
from torch import Tensor
from torch.nn.functional import normalize

WIDTH = 384


def pad(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return the ids as one matrix, and its mask."""
    width = max(len(row) for row in ids)
    matrix = torch.zeros(len(ids), width, dtype=torch.long)
    mask = torch.zeros(len(ids), width, dtype=torch.long)
    for i, row in enumerate(ids):
        matrix[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return matrix, mask


class Student(torch.nn.Module):
    """The teacher's body over another table. The body's weights are one tensor, ``flat``."""

    def __init__(self, table: Tensor, flat: Tensor | None = None) -> None:
        super().__init__()
        from transformers import BertModel

        self.body = BertModel.from_pretrained(
            teacher_folder(),
            add_pooling_layer=False,
            attn_implementation="eager",  # backwards eight times faster than the fused one on a CPU
        ).eval()
        self.body.embeddings.word_embeddings = torch.nn.Embedding(1, WIDTH)  # the table stands in for it
        self.table = table
        self.parts = [p for name, p in self.body.named_parameters() if "word_embeddings" not in name]
        if flat is None:
            flat = torch.cat([p.detach().reshape(-1) for p in self.parts])
        self.flat = flat
        self.use(flat)

    def use(self, flat: Tensor) -> None:
        """Let the body's weights be views of ``flat``."""
        start = 0
        for part in self.parts:
            part.data = flat[start : start + part.numel()].view_as(part)
            start += part.numel()

    def collect(self, gradient: Tensor) -> None:
        """Let the body's gradients be views of ``gradient``."""
        start = 0
        for part in self.parts:
            part.grad = gradient[start : start + part.numel()].view_as(part)
            start += part.numel()

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Return the normalised mean over each text."""
        hidden = self.body(inputs_embeds=vectors, attention_mask=mask).last_hidden_state.float()
        weights = mask[..., None].float()
        return normalize((hidden * weights).sum(1) / weights.sum(1), dim=-1)

    @torch.inference_mode()
    def encode(self, ids: Sequence[Sequence[int]], tokens: int = 2048) -> np.ndarray:
        """Return the vectors of tokenised texts."""
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        found = np.zeros((len(ids), WIDTH), np.float32)
        start = 0
        while start < len(order):
            rows = order[start : start + max(8, tokens // len(ids[order[start]]))]
            start += len(rows)
            matrix, mask = pad([ids[i] for i in rows])
            with torch.autocast("cpu", torch.bfloat16):
                found[rows] = self(self.table[matrix], mask).numpy()
        return found


def load(path: Path, *, averaged: bool = True) -> Student:
    """Return the student of a checkpoint of ``train.py``, or of the file of first rows of ``align.py``."""
    if path.suffix == ".npz":
        return Student(torch.from_numpy(np.load(path)["rows"]))
    from safetensors.torch import load_file

    state = load_file(path)
    kind = "average" if averaged and float(state["averaged"]) > 0 else "value"
    return Student(state[f"table_{kind}"], state[f"body_{kind}"])
