"""Adds to an exported student what late interaction needs: a second output with a short vector for each word piece.

    python pieces.py --model DIR --data DATA --output DIR

The student stays as it is. The states of the last layer, of which a text's vector is the mean, are turned onto their
``--width`` principal directions, found on texts of the training data. ``tokens`` (batch, length, width) is not scaled
to unit length.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

from suggest.text import clean

OUTPUT = "tokens"
TEXTS, PIECES = 4_000, 128
"""So many texts are read, up to so many pieces of each."""


def before_mean(model: Any) -> str:
    """Return the name of what the exported student takes the mean of."""
    over_pieces = [
        node
        for node in model.graph.node
        if node.op_type == "ReduceMean"
        and [list(a.ints) for a in node.attribute if a.name == "axes"] == [[1]]
    ]
    [mean] = over_pieces
    return str(mean.input[0])


def texts(data: Path) -> list[str]:
    """Return sections of articles, and what was written to be answered by them."""
    with gzip.open(data / "train" / "heading_body_ja.jsonl.gz", "rt", encoding="utf-8") as lines:
        sections = [json.loads(line) for line in lines]
    with (Path(__file__).parent / "inquiries.tsv").open(encoding="utf-8") as lines:
        asked = [line.rstrip("\n").split("\t")[2].replace("\\n", "\n") for line in lines]
    found = [f"{row['heading']}\n{row['body']}" for row in sections if len(row["body"]) > 80]
    rng = random.Random(7)
    return rng.sample(found, TEXTS // 2) + rng.sample(asked, TEXTS // 2)


def directions(folder: Path, hidden: str, data: Path, width: int) -> np.ndarray:
    """Return the principal directions of the pieces' states, shape (384, width)."""
    model = onnx.load(str(folder / "model.onnx"))
    model.graph.output.append(helper.make_tensor_value_info(hidden, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    ends = [tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]")]
    spread: Any = 0.0
    for number, text in enumerate(texts(data)):
        ids = tokenizer.encode(clean(text)[: PIECES * 8], add_special_tokens=False).ids[:PIECES]
        if not ids:
            continue
        [state] = session.run([hidden], {"input_ids": np.array([[ends[0], *ids, ends[1]]], np.int64)})
        unit = state[0][1:-1] / np.linalg.norm(state[0][1:-1], axis=1, keepdims=True)
        spread = spread + unit.T @ unit
        if number % 500 == 499:
            print(f"{number + 1}/{TEXTS} texts", flush=True)
    share, axes = np.linalg.eigh(spread.astype(np.float64))
    print(f"{width} directions hold {share[-width:].sum() / share.sum():.3f} of the spread")
    return axes[:, ::-1][:, :width].astype(np.float32)


def main() -> None:
    """Find the directions and write the model with them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--width", type=int, default=96)
    args = parser.parse_args()
    graph = onnx.load(str(args.model / "model.onnx"))
    hidden = before_mean(graph)
    found = directions(args.model, hidden, args.data, args.width)
    graph.graph.initializer.append(numpy_helper.from_array(found, "piece_directions"))
    graph.graph.node.append(helper.make_node("MatMul", [hidden, "piece_directions"], [OUTPUT]))
    graph.graph.output.append(
        helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", "length", args.width])
    )
    onnx.checker.check_model(graph)
    shutil.copytree(args.model, args.output, dirs_exist_ok=True)
    onnx.save(graph, str(args.output / "model.onnx"))
    config = json.loads((args.output / "student.json").read_text(encoding="utf-8"))
    told = json.dumps(config | {"piece_width": args.width}, indent=1)
    (args.output / "student.json").write_text(told + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
