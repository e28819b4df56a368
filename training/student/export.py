"""Writes a trained student as a folder of at most 40 MB, and the same weights for sentence-transformers.

``OUT`` holds ``model.onnx`` (int8: the table with one scale a row, the products with one a column) and
``tokenizer.json``. ``OUT-torch`` is a plain sentence-transformers folder with the weights that the int8
ones stand for, so both give the same vectors but for the rounding of what flows between the layers.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import prepare
from teacher import teacher_folder
from torch import Tensor
from torch.nn.functional import gelu, normalize

from student import WIDTH, Student, load

HEADS = 12
MAX_TOKENS = 256
OPSET = 17
MODULES = [{"idx": 0, "name": "0", "path": "", "type": "suggest.index.student_module.StudentModule"}]


class Body(torch.nn.Module):
    """The student's arithmetic for texts of one length, written for export: no mask, int8 table."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        body = student.body
        table = student.table.float()
        scale = (table.abs().amax(1, keepdim=True) / 127).clamp_min(1e-8)
        self.register_buffer("table", (table / scale).round().to(torch.int8))
        self.register_buffer("scale", scale.half())
        places = body.embeddings.position_embeddings.weight + body.embeddings.token_type_embeddings.weight[0]
        self.register_buffer("places", places[:MAX_TOKENS].detach().clone())
        self.norm = body.embeddings.LayerNorm
        self.layers = body.encoder.layer

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return the normalised vectors."""
        batch, length = input_ids.shape
        x = self.table[input_ids].float() * self.scale[input_ids].float()
        x = self.norm(x + self.places[:length])
        for layer in self.layers:
            own = layer.attention.self
            q, k, v = (
                part(x).view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
                for part in (own.query, own.key, own.value)
            )
            weights = torch.softmax(q @ k.transpose(2, 3) / (WIDTH // HEADS) ** 0.5, dim=-1)
            mixed = (weights @ v).transpose(1, 2).reshape(batch, length, WIDTH)
            out = layer.attention.output
            x = out.LayerNorm(out.dense(mixed) + x)
            x = layer.output.LayerNorm(layer.output.dense(gelu(layer.intermediate.dense(x))) + x)
        return normalize(x.mean(1), dim=-1)

    def rounded_table(self) -> Tensor:
        """Return the table that the int8 numbers stand for."""
        return self.table.float() * self.scale.float()


def write_onnx(body: Body, path: Path, *, reduce_range: bool) -> None:
    """Write ``body`` with int8 products."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    wide = path.with_name("wide.onnx")
    ids = torch.tensor([[2, 100, 200, 300, 3]])
    with torch.no_grad():
        torch.onnx.export(
            body,
            (ids,),
            str(wide),
            input_names=["input_ids"],
            output_names=["sentence_embedding"],
            dynamic_axes={"input_ids": {0: "batch", 1: "length"}, "sentence_embedding": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    quantize_dynamic(
        wide,
        path,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        reduce_range=reduce_range,
        weight_type=QuantType.QInt8,
        extra_options={"MatMulConstBOnly": True},
    )
    wide.unlink()


def write_torch(student: Student, table: Tensor, path: Path, tokenizer: Path) -> None:
    """Write a folder that sentence-transformers reads as it is."""
    from safetensors.torch import save_file

    path.mkdir(parents=True, exist_ok=True)
    state = {
        name: tensor.detach().half().clone()
        for name, tensor in student.body.state_dict().items()
        if "word_embeddings" not in name
    }
    state["embeddings.word_embeddings.weight"] = table.half()
    save_file(state, path / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((teacher_folder() / "config.json").read_text("utf-8"))
    config.pop("_name_or_path", None)
    _write(path / "config.json", config | {"vocab_size": len(table), "dtype": "float16"})
    shutil.copyfile(tokenizer, path / "tokenizer.json")
    _write(
        path / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": MAX_TOKENS,
            "unk_token": "[UNK]",
            "pad_token": "[PAD]",
            "cls_token": "[CLS]",
            "sep_token": "[SEP]",
            "mask_token": "[MASK]",
            "model_input_names": ["input_ids", "attention_mask"],
        },
    )
    _write(path / "sentence_bert_config.json", {"max_seq_length": MAX_TOKENS, "do_lower_case": False})
    shutil.copyfile(teacher_folder() / "modules.json", path / "modules.json")
    shutil.copytree(teacher_folder() / "1_Pooling", path / "1_Pooling", dirs_exist_ok=True)
    (path / "2_Normalize").mkdir(exist_ok=True)


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


TEXTS = [
    "パスワードを忘れてしまい、ログインできません。",
    "90日ごとにパスワードを変えさせる設定をやめたいです。社員30人全員、期限なしにするにはどこを触りますか。",
    "請求書の宛名を変更したいのですが、どうすればよいでしょうか",
    "Outlook のメールが iPhone で受信できなくなりました。昨日までは使えていました。",
    "I forgot my password and cannot sign in.",
]


def check(out: Path, plain: Path) -> None:
    """Print size, load time, milliseconds a query, and how near both folders' vectors are."""
    from onnx_student import OnnxStudent

    size = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
    started = time.perf_counter()
    small = OnnxStudent.load(str(out))
    small.vectors(TEXTS[:1])
    loaded = time.perf_counter() - started
    took = []
    for _ in range(60):
        for text in TEXTS:
            started = time.perf_counter()
            small.vectors([text])
            took.append(1000 * (time.perf_counter() - started))
    print(
        f"{size / 1e6:.1f} MB, load {loaded:.2f} s, query median {np.median(took):.1f} ms, "
        f"best {np.min(took):.1f} ms, p90 {np.quantile(took, 0.9):.1f} ms, one thread"
    )
    from sentence_transformers import SentenceTransformer

    other = SentenceTransformer(str(plain), device="cpu").encode(TEXTS, normalize_embeddings=True)
    alike = (small.vectors(TEXTS) * other).sum(1)
    print(f"cosine between the folders: least {alike.min():.4f}, mean {alike.mean():.4f}")


def main() -> None:
    """Export and check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("student-training"))
    parser.add_argument("--checkpoint", default="checkpoint.safetensors")
    parser.add_argument("--out", type=Path, help="default: export, in the working folder")
    parser.add_argument("--last", action="store_true", help="the last weights instead of the averaged ones")
    parser.add_argument(
        "--full-range", action="store_true", help="8 bits for weights; 7 are safe on every processor"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    out = args.out or args.work / "export"
    out.mkdir(parents=True, exist_ok=True)
    student = load(args.work / args.checkpoint, averaged=not args.last)
    body = Body(student).eval()
    write_onnx(body, out / "model.onnx", reduce_range=not args.full_range)
    shutil.copyfile(args.work / "tokenizer.json", out / "tokenizer.json")
    _write(out / "modules.json", MODULES)
    _write(out / "student.json", {"max_tokens": MAX_TOKENS, "width": WIDTH, "rows": len(body.table)})
    plain = out.with_name(out.name + "-torch")
    write_torch(student, body.rounded_table(), plain, args.work / "tokenizer.json")
    check(out, plain)


if __name__ == "__main__":
    prepare()
    main()
