"""Compares the `local` provider with ONNX Runtime and sentence-transformers on the same chunks; prints Markdown.

    compare.py BINARY MODEL WORK

The contenders take turns, a slice of the chunks at a time, tokenizing included. Each may pick the best of several batch sizes
first. Rates are by the clock, and in brackets by the processor's time, which other work on the machine disturbs less.
"""
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import tokenizers
import torch
from sentence_transformers import SentenceTransformer

BINARY, MODEL, WORK = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
COUNT, SLICE = int(os.environ.get("CHUNKS", "2000")), 50
THREADS = [int(n) for n in os.environ.get("THREADS", "1 2").split()]
BATCH_SIZES = (1, 2, 4, 8, 16, 32)
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Ours:
    """Runs the Rust binary with these weights."""

    def __init__(self, weights, texts, threads):
        self.name = f"trailblazer {weights}"
        vectors = WORK / f"vectors-{weights}"
        command = [BINARY, "serve", str(MODEL), weights, str(texts), str(vectors), str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n", f"{self.name} did not start"
        self.vectors = np.fromfile(vectors, dtype="<f4").reshape(COUNT, -1)
        self.pid = self.process.pid

    def embed(self, first, last):
        print(first, last, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Other:
    """Runs a contender in this process. Finds its best batch size, and then embeds slices."""

    pid = "self"

    def __init__(self, texts):
        self.texts = texts
        self.vectors = self.run(texts)
        sample = texts[:: max(1, len(texts) // 100)]
        self.batch_size = min(BATCH_SIZES, key=lambda size: self.timed(sample, size))
        self.name += f", batches of {self.batch_size}"

    def timed(self, texts, size):
        self.batch_size = size
        start = time.monotonic()
        self.run(texts)
        return time.monotonic() - start

    def embed(self, first, last):
        return self.timed(self.texts[first:last], self.batch_size)

    def close(self):
        pass


class OnnxRuntime(Other):
    batch_size = 4

    def __init__(self, path, texts, threads):
        self.name = f"ONNX Runtime {onnxruntime.__version__} {path.stem}"
        self.tokenizer = tokenizers.Tokenizer.from_file(str(MODEL / "tokenizer.json"))
        self.tokenizer.no_truncation()
        options = onnxruntime.SessionOptions()
        # As in trailblazer, batches run in parallel. This is faster than threads inside each matrix product.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.pool = ThreadPoolExecutor(threads)
        super().__init__(texts)

    def run(self, texts):
        self.tokenizer.no_padding()
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(texts)]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        batches = [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]
        vectors = np.empty((len(texts), 384), dtype=np.float32)
        for batch, rows in zip(batches, self.pool.map(lambda batch: self.batch([ids[i] for i in batch]), batches)):
            vectors[batch] = rows
        return vectors

    def batch(self, ids):
        longest = max(map(len, ids))
        tokens = np.zeros((len(ids), longest), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for row, sequence in enumerate(ids):
            tokens[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        states = self.session.run(None, feed)[0]
        pooled = (states * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


class SentenceTransformers(Other):
    batch_size = 32

    def __init__(self, texts, threads):
        import sentence_transformers

        self.name = f"sentence-transformers {sentence_transformers.__version__}"
        torch.set_num_threads(threads)
        self.model = SentenceTransformer(str(MODEL), device="cpu")
        super().__init__(texts)

    def run(self, texts):
        return self.model.encode(texts, batch_size=self.batch_size, show_progress_bar=False)


class Encoder(torch.nn.Module):
    """Returns the last hidden states of a model in the form that the export needs."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        states = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return states.last_hidden_state


def export(folder):
    """Exports the model once to ONNX, with 32-bit floats and with 8-bit weights."""
    f32, int8 = folder / "f32.onnx", folder / "int8.onnx"
    if not int8.exists():
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from transformers import AutoModel

        folder.mkdir(parents=True, exist_ok=True)
        encoder = Encoder(AutoModel.from_pretrained(str(MODEL), attn_implementation="eager")).eval()
        example = torch.ones((2, 8), dtype=torch.int64)
        names = ["input_ids", "attention_mask", "token_type_ids"]
        axes = {name: {0: "batch", 1: "tokens"} for name in [*names, "last_hidden_state"]}
        torch.onnx.export(encoder, (example, example, example * 0), str(f32), input_names=names,
                          output_names=["last_hidden_state"], dynamic_axes=axes, opset_version=17, dynamo=False)
        quantize_dynamic(str(f32), str(int8), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    return f32, int8


def cosine(vectors, reference):
    products = (vectors * reference).sum(1)
    return products / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(reference, axis=1))


def compare(threads, file, texts, models):
    f32, int8 = models
    reference = SentenceTransformers(texts, threads)
    contenders = [
        Ours("f32", file, threads), Ours("int8", file, threads),
        OnnxRuntime(f32, texts, threads), OnnxRuntime(int8, texts, threads), reference,
    ]
    clock, cpu = [0.0] * len(contenders), [0.0] * len(contenders)
    for first in range(0, COUNT, SLICE):
        last = min(first + SLICE, COUNT)
        for i, contender in enumerate(contenders):
            before = cpu_seconds(contender.pid)
            clock[i] += contender.embed(first, last)
            cpu[i] += cpu_seconds(contender.pid) - before
    print(f"\n{threads} thread{'s' if threads > 1 else ''}:\n")
    print("| | chunks/s | trailblazer f32 is | trailblazer int8 is | minimum cosine to sentence-transformers |")
    print("|---|--:|--:|--:|--:|")
    for i, contender in enumerate(contenders):
        ratios = " | ".join(f"{clock[i] / clock[ours]:.2f} ({cpu[i] / cpu[ours]:.2f}) times" for ours in (0, 1))
        least = cosine(contender.vectors, reference.vectors).min()
        print(f"| {contender.name} | {COUNT / clock[i]:.1f} ({COUNT / cpu[i]:.1f}) | {ratios} | {least:.5f} |")
        contender.close()


def main():
    file = WORK / "texts.json"
    subprocess.run([BINARY, "texts", str(MODEL), str(file), str(COUNT)], check=True)
    texts = json.loads(file.read_text())
    models = export(WORK / "onnx")
    print(f"{COUNT} chunks; load before the run: {os.getloadavg()[0]:.1f}")
    for threads in THREADS:
        compare(threads, file, texts, models)


if __name__ == "__main__":
    main()
