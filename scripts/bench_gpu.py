#!/usr/bin/env python3
"""Measures matrix products and attention of one model on this GPU, for `specsim calibrate`.

    python3 scripts/bench_gpu.py --model llama-3.1-8b --out ops.csv
    npx specsim calibrate --gpu h100-sxm --ops ops.csv --out my-h100.json

Needs PyTorch 2.5 or newer and a CUDA GPU; flash-attn is used for attention where it is installed, else PyTorch's
scaled_dot_product_attention.

Every operation is replayed as a CUDA graph of its own, as a serving engine does. Before each replay the L2 cache is
filled with other data by reading a buffer of four times its size: by reading, since written lines would have to be
written back while the operation is timed. The median of the repeats is kept. Data are random: zeros draw less power
and run faster.

`--selftest` checks the arithmetic and the table without a GPU or PyTorch; with `--out` it writes a table of made-up
times that obey the fitted law (parameters below).
"""

import argparse
import csv
import datetime
import io
import statistics
import sys

# Per model: hidden, ffn, layers of the heads, KV heads, head size, vocabulary (Hugging Face config.json of each).
MODELS = {
    "llama-3.2-1b": dict(hidden=2048, ffn=8192, heads=32, kv_heads=8, head_dim=64, vocab=128256),
    "llama-3.2-3b": dict(hidden=3072, ffn=8192, heads=24, kv_heads=8, head_dim=128, vocab=128256),
    "llama-3.1-8b": dict(hidden=4096, ffn=14336, heads=32, kv_heads=8, head_dim=128, vocab=128256),
    "llama-3.1-70b": dict(hidden=8192, ffn=28672, heads=64, kv_heads=8, head_dim=128, vocab=128256),
    "qwen3-8b": dict(hidden=4096, ffn=12288, heads=32, kv_heads=8, head_dim=128, vocab=151936),
    "qwen3-32b": dict(hidden=5120, ffn=25600, heads=64, kv_heads=8, head_dim=128, vocab=151936),
}

TOKENS = [1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096]
QUERY_TOKENS = [1, 2, 4, 8, 16, 32]
CONTEXTS = [512, 1024, 2048, 4096, 8192, 16384, 32768]
SEQUENCES = [1, 4, 16, 64, 128, 256]

FLUSH_L2_TIMES = 4

COLUMNS = [
    "op", "dtype", "kernel", "n", "k", "m",
    "sequences", "query_tokens", "context_tokens", "heads", "kv_heads", "head_dim", "time_us",
]  # fmt: skip

BYTES_PER_WEIGHT = {"bf16": 2, "fp8": 1}

# Made-up times of --selftest: what a fit must find in them.
PRETEND = dict(bandwidth=3e12, flops=1e15, gemm_t0=4e-6, eb=0.85, ef=0.75, q=2.5, attention_t0=12e-6, attention_eb=0.9)


def gemm_shapes(model, tp):
    """(name, n, k) of the weights on one of `tp` GPUs, as vLLM splits and fuses them."""
    heads, kv_heads = model["heads"] // tp, max(1, model["kv_heads"] // tp)
    ffn = -(-model["ffn"] // tp)
    return [
        ("qkv", (heads + 2 * kv_heads) * model["head_dim"], model["hidden"]),
        ("o", model["hidden"], heads * model["head_dim"]),
        ("gate_up", 2 * ffn, model["hidden"]),
        ("down", model["hidden"], ffn),
        ("lm_head", -(-model["vocab"] // tp), model["hidden"]),
    ]


def gemm_bytes(n, k, m, dtype):
    """Weights once, inputs and outputs at two bytes: the bytes of the fitted law."""
    return n * k * BYTES_PER_WEIGHT[dtype] + 2 * m * (n + k)


def gemm_flops(n, k, m):
    return 2 * n * k * m


def kv_bytes(sequences, context, kv_heads, head_dim):
    """Keys and values in bf16."""
    return sequences * context * kv_heads * head_dim * 2 * 2


def attention_flops(sequences, q, context, heads, head_dim):
    """Scores and sums of q new tokens, each seeing the context up to itself; the context includes them."""
    return 4 * sequences * heads * head_dim * q * (context - (q - 1) / 2)


def plan(model, tp, dtypes, memory_bytes):
    """Every measurement as a row without its time; KV caches that would fill half the memory are left out."""
    rows = []
    for dtype in dtypes:
        for _, n, k in gemm_shapes(model, tp):
            rows += [dict(op="gemm", dtype=dtype, n=n, k=k, m=m) for m in TOKENS]
    heads, kv_heads = model["heads"] // tp, max(1, model["kv_heads"] // tp)
    for sequences in SEQUENCES:
        for context in CONTEXTS:
            if kv_bytes(sequences, context, kv_heads, model["head_dim"]) > memory_bytes / 2:
                continue
            for q in QUERY_TOKENS:
                rows.append(
                    dict(
                        op="attention", dtype="bf16", sequences=sequences, query_tokens=q, context_tokens=context,
                        heads=heads, kv_heads=kv_heads, head_dim=model["head_dim"],
                    )
                )  # fmt: skip
    return rows


def work(row):
    """(bytes, FLOPs) of a row."""
    if row["op"] == "gemm":
        n, k, m = row["n"], row["k"], row["m"]
        return gemm_bytes(n, k, m, row["dtype"]), gemm_flops(n, k, m)
    sequences, context = row["sequences"], row["context_tokens"]
    return (
        kv_bytes(sequences, context, row["kv_heads"], row["head_dim"]),
        attention_flops(sequences, row["query_tokens"], context, row["heads"], row["head_dim"]),
    )


def table(rows, about):
    """The CSV that `specsim calibrate` reads: `# key: value` lines, a header, a row a measurement."""
    text = io.StringIO()
    for key, value in about.items():
        text.write(f"# {key}: {' '.join(str(value).split())}\n")
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "time_us": f"{row['time_us']:.4f}"})
    return text.getvalue()


class Clock:
    """Times operations on the current CUDA device, each with a cold L2 cache."""

    def __init__(self, torch, repeats):
        self.torch = torch
        self.repeats = repeats
        l2 = torch.cuda.get_device_properties(0).L2_cache_size
        self.flush = torch.randn(FLUSH_L2_TIMES * l2 // 4, device="cuda", dtype=torch.float32)

    def seconds(self, operation):
        torch = self.torch
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                operation()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            operation()
        events = []
        for _ in range(self.repeats):
            self.flush.sum()
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            graph.replay()
            end.record()
            events.append((start, end))
        torch.cuda.synchronize()
        return statistics.median(start.elapsed_time(end) for start, end in events) / 1e3


def gemm_operation(torch, row):
    """(kernel, operation) of a matrix product, as torch.nn.functional.linear runs it."""
    n, k, m = row["n"], row["k"], row["m"]
    x = torch.randn(m, k, device="cuda", dtype=torch.bfloat16)
    w = torch.randn(n, k, device="cuda", dtype=torch.bfloat16)
    if row["dtype"] == "bf16":
        return "torch.nn.functional.linear", lambda: torch.nn.functional.linear(x, w)
    # The fp8 product takes multiples of 16 rows.
    x8 = torch.zeros(-(-m // 16) * 16, k, device="cuda", dtype=torch.bfloat16)
    x8[:m] = x
    x8, w8 = x8.to(torch.float8_e4m3fn), w.to(torch.float8_e4m3fn).t()
    one = torch.ones((), device="cuda")
    return "torch._scaled_mm", lambda: torch._scaled_mm(x8, w8, scale_a=one, scale_b=one, out_dtype=torch.bfloat16)


def attention_operation(torch, row):
    """(kernel, operation) of causal attention of the last tokens of each sequence."""
    sequences, q, context = row["sequences"], row["query_tokens"], row["context_tokens"]
    heads, kv_heads, head_dim = row["heads"], row["kv_heads"], row["head_dim"]
    random = lambda tokens, width: torch.randn(  # noqa: E731
        sequences, tokens, width, head_dim, device="cuda", dtype=torch.bfloat16
    )
    query, key, value = random(q, heads), random(context, kv_heads), random(context, kv_heads)
    try:
        from flash_attn import flash_attn_with_kvcache
    except ImportError:
        from torch.nn.attention.bias import causal_lower_right

        query, key, value = (x.transpose(1, 2) for x in (query, key, value))
        mask = causal_lower_right(q, context) if q > 1 else None
        return "torch scaled_dot_product_attention", lambda: torch.nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, enable_gqa=heads != kv_heads
        )
    return "flash_attn_with_kvcache", lambda: flash_attn_with_kvcache(query, key, value, causal=True)


def measure(args):
    """All rows with their times, and what the table says of its origin."""
    import torch

    if not torch.cuda.is_available():
        sys.exit("bench_gpu.py: PyTorch sees no CUDA GPU")
    device = torch.cuda.get_device_properties(0)
    torch.manual_seed(0)
    clock = Clock(torch, args.repeats)
    rows = []
    planned = plan(MODELS[args.model], args.tp, args.dtype, device.total_memory)
    for i, row in enumerate(planned):
        make = gemm_operation if row["op"] == "gemm" else attention_operation
        try:
            kernel, operation = make(torch, row)
            seconds = clock.seconds(operation)
        except (torch.cuda.OutOfMemoryError, RuntimeError, NotImplementedError) as error:
            print(f"\nleft out {row}: {str(error).splitlines()[0]}", file=sys.stderr)
            continue
        finally:
            operation = None
        rows.append({**row, "kernel": kernel, "time_us": 1e6 * seconds})
        moved, flops = work(row)
        print(
            f"\r{i + 1} of {len(planned)}: {moved / seconds / 1e12:.2f} TB/s {flops / seconds / 1e12:.0f} TFLOP/s   ",
            end="", file=sys.stderr,
        )  # fmt: skip
    print(file=sys.stderr)
    return rows, {
        "source": "scripts/bench_gpu.py",
        "device": device.name,
        "date": datetime.date.today().isoformat(),
        "engine": f"torch {torch.__version__}",
        "cuda": torch.version.cuda,
        "model": args.model,
        "tp": args.tp,
        "repeats": args.repeats,
    }


def pretend(row):
    """Seconds by the law that `specsim calibrate` fits, with the parameters above."""
    p = PRETEND
    moved, flops = work(row)
    if row["op"] == "attention":
        return p["attention_t0"] + moved / (p["attention_eb"] * p["bandwidth"])
    memory, compute = moved / (p["eb"] * p["bandwidth"]), flops / (p["ef"] * p["flops"])
    return p["gemm_t0"] + (memory ** p["q"] + compute ** p["q"]) ** (1 / p["q"])


def selftest():
    """Rows with made-up times, after every formula has been checked against figures worked out by hand."""
    model = MODELS["llama-3.1-8b"]
    assert gemm_shapes(model, 1) == [
        ("qkv", 6144, 4096),
        ("o", 4096, 4096),
        ("gate_up", 28672, 4096),
        ("down", 4096, 14336),
        ("lm_head", 128256, 4096),
    ]
    assert gemm_shapes(model, 4)[0] == ("qkv", 1536, 4096)
    assert gemm_shapes(model, 16)[0] == ("qkv", (2 + 2) * 128, 4096), "KV heads are copied beyond their number"
    # One layer of Llama-3.1-8B holds 218.1 M weights in matrices, its output matrix 525.3 M.
    assert sum(n * k for _, n, k in gemm_shapes(model, 1)[:4]) == 218_103_808
    assert gemm_bytes(4096, 4096, 1, "bf16") == 33_554_432 + 16_384
    assert gemm_bytes(4096, 4096, 1, "fp8") == 16_777_216 + 16_384
    assert gemm_flops(4096, 4096, 2) == 67_108_864
    # 128 KiB of KV cache a token over 32 layers.
    assert 32 * kv_bytes(1, 1, 8, 128) == 131_072
    # Four query tokens on ten of context see 7, 8, 9 and 10.
    assert attention_flops(1, 4, 10, 1, 1) == 4 * (7 + 8 + 9 + 10)

    rows = plan(model, 1, ["bf16", "fp8"], 80e9)
    gemms = [row for row in rows if row["op"] == "gemm"]
    attentions = [row for row in rows if row["op"] == "attention"]
    assert len(gemms) == 2 * 5 * len(TOKENS)
    assert {row["query_tokens"] for row in attentions} == set(QUERY_TOKENS)
    assert {row["context_tokens"] for row in attentions} == set(CONTEXTS)
    assert all(work(row)[0] <= 40e9 for row in attentions)
    assert all(row["query_tokens"] <= row["context_tokens"] for row in attentions)

    timed = [{**row, "kernel": "pretended", "time_us": 1e6 * pretend(row)} for row in rows]
    about = {"source": "bench_gpu.py --selftest", "device": "none", "date": "2026-01-01", "engine": "none 1.0"}
    text = table(timed, about)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    read = list(csv.DictReader(lines))
    assert list(read[0]) == COLUMNS
    assert len(read) == len(rows)
    for row, back in zip(timed, read):
        assert all(str(row.get(column, "")) == back[column] for column in COLUMNS if column != "time_us")
        assert abs(float(back["time_us"]) / row["time_us"] - 1) < 1e-4
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=sorted(MODELS), default="llama-3.1-8b", help="whose shapes to measure")
    parser.add_argument("--tp", type=int, default=1, help="GPUs the model is split over: shapes are those of one")
    parser.add_argument("--dtype", default="bf16", help="bf16, fp8 or both, comma-separated")
    parser.add_argument("--repeats", type=int, default=20, help="runs of each operation, whose median is kept")
    parser.add_argument("--out", help="CSV to write")
    parser.add_argument("--selftest", action="store_true", help="check the arithmetic and the table, without a GPU")
    args = parser.parse_args()
    args.dtype = args.dtype.split(",")
    unknown = [dtype for dtype in args.dtype if dtype not in BYTES_PER_WEIGHT]
    if unknown:
        parser.error(f"--dtype: got {unknown[0]}, expected bf16, fp8 or bf16,fp8")
    model = MODELS[args.model]
    if args.tp < 1 or model["heads"] % args.tp:
        parser.error(f"--tp: got {args.tp}, expected a divisor of {model['heads']} heads")
    if args.selftest:
        text = selftest()
        print("selftest passed")
    elif args.out is None:
        parser.error("--out: missing, expected the CSV to write")
    else:
        text = table(*measure(args))
    if args.out is not None:
        with open(args.out, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
