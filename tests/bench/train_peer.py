"""The peer of train_bench: the same decoder, trained by PyTorch as its users write it.

SDPA, fused AdamW, autograd, and torch.compile when asked. Reads a JSON file that names the model, a safetensors file of
its first weights, a file of int64 tokens and the threads; then answers lines:
  step     one optimizer step: "SECONDS LOSS PEAK_BYTES"
  bare     the same matrix products and attention alone, forward and backward: "SECONDS"
"""
import json
import struct
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def read_safetensors(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[begin:end], dtype=np.float32).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors


def memory(key):
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    return 0


def rotate(x, cos, sin):
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Layer(nn.Module):
    def __init__(self, model, index):
        super().__init__()
        d, f, heads, width = model["hidden"], model["feed_forward"], model["query_heads"], model["head_width"]
        self.heads, self.width, self.kv_heads = heads, width, model["kv_heads"]
        self.produces = model["source"][index] == index
        self.query_norm = nn.RMSNorm(d, eps=model["epsilon"])
        self.query = nn.Linear(d, heads * width, bias=False)
        if self.produces:
            self.kv_norm = nn.RMSNorm(d, eps=model["epsilon"])
            self.key = nn.Linear(d, self.kv_heads * width, bias=False)
            self.value = nn.Linear(d, self.kv_heads * width, bias=False)
        self.output = nn.Linear(heads * width, d, bias=False)
        self.mlp_norm = nn.RMSNorm(d, eps=model["epsilon"])
        self.gate_up = nn.Linear(d, 2 * f, bias=False)
        self.down = nn.Linear(f, d, bias=False)

    def forward(self, x, shared, cos, sin):
        batch, tokens, _ = x.shape
        q = self.query(self.query_norm(x)).view(batch, tokens, self.heads, self.width).transpose(1, 2)
        if self.produces:
            n = self.kv_norm(x)
            k = self.key(n).view(batch, tokens, self.kv_heads, self.width).transpose(1, 2)
            v = self.value(n).view(batch, tokens, self.kv_heads, self.width).transpose(1, 2)
            shared = (rotate(k, cos, sin), v)
        k, v = shared
        out = F.scaled_dot_product_attention(rotate(q, cos, sin), k, v, is_causal=True, enable_gqa=True)
        x = x + self.output(out.transpose(1, 2).reshape(batch, tokens, self.heads * self.width))
        gate, up = self.gate_up(self.mlp_norm(x)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up), shared


class Decoder(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.source = model["source"]
        self.embedding = nn.Embedding(model["vocabulary"], model["hidden"])
        self.layers = nn.ModuleList(Layer(model, i) for i in range(len(model["source"])))
        self.final_norm = nn.RMSNorm(model["hidden"], eps=model["epsilon"])
        half = model["head_width"] // 2
        angles = torch.outer(
            torch.arange(model["sequence"], dtype=torch.float64),
            model["theta"] ** (-torch.arange(half, dtype=torch.float64) * 2 / model["head_width"]),
        )
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)

    def forward(self, ids, targets):
        x = self.embedding(ids)
        made = {}
        for index, layer in enumerate(self.layers):
            x, made[index] = layer(x, made.get(self.source[index]), self.cos, self.sin)
        logits = F.linear(self.final_norm(x), self.embedding.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]).float(), targets.reshape(-1))


OURS = {
    "embedding.weight": "embedding.weight",
    "final_norm.weight": "final_norm.weight",
    "attention.query_norm.weight": "query_norm.weight",
    "attention.query.weight": "query.weight",
    "attention.kv_norm.weight": "kv_norm.weight",
    "attention.key.weight": "key.weight",
    "attention.value.weight": "value.weight",
    "attention.output.weight": "output.weight",
    "mlp.norm.weight": "mlp_norm.weight",
    "mlp.gate_up.weight": "gate_up.weight",
    "mlp.down.weight": "down.weight",
}


def peer_name(name):
    if name.startswith("layers."):
        _, index, rest = name.split(".", 2)
        return f"layers.{index}.{OURS[rest]}"
    return OURS[name]


def bare(model, rows):
    """Every matrix product of a step and its attention, forward and backward, and nothing else; seconds."""
    n, d, f = rows.shape[0] * model["sequence"], model["hidden"], model["feed_forward"]
    heads, width, kv = model["query_heads"], model["head_width"], model["kv_heads"]
    x, h = torch.randn(n, d), torch.randn(n, f)
    shapes = []
    for index, source in enumerate(model["source"]):
        shapes += [(d, heads * width), (heads * width, d), (d, 2 * f), (f, d)]
        if source == index:
            shapes += [(d, kv * width)] * 2
    shapes.append((d, model["vocabulary"]))
    batch, tokens = rows.shape[0], model["sequence"]
    q = torch.randn(batch, tokens, heads, width).transpose(1, 2).requires_grad_()
    k = torch.randn(batch, tokens, kv, width).transpose(1, 2).requires_grad_()
    v = torch.randn(batch, tokens, kv, width).transpose(1, 2).requires_grad_()
    grad = torch.randn(batch, tokens, heads, width).transpose(1, 2)
    operands = {}
    for shape in set(shapes):
        operands[shape] = (torch.randn(n, shape[0]), torch.randn(shape[1], shape[0]), torch.randn(n, shape[1]))
    begin = time.perf_counter()
    with torch.no_grad():
        for shape in shapes:
            a, w, g = operands[shape]
            a @ w.t()
            g @ w
            g.t() @ a
    for _ in model["source"]:
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        torch.autograd.grad(out, (q, k, v), grad)
    return time.perf_counter() - begin


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    model = job["model"]
    torch.set_num_threads(job["threads"])
    tokens = torch.from_numpy(np.fromfile(job["tokens"], dtype=np.int64)).view(-1, job["batch"], model["sequence"] + 1)
    print(torch.__version__, flush=True)
    before = memory("VmRSS")
    decoder = Decoder(model)
    decoder.load_state_dict({peer_name(name): value for name, value in read_safetensors(job["weights"]).items()})
    decays = [p for p in decoder.parameters() if p.dim() == 2]
    steady = [p for p in decoder.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": decays, "weight_decay": job["weight_decay"]}, {"params": steady, "weight_decay": 0.0}],
        lr=job["rate"],
        betas=(job["beta1"], job["beta2"]),
        eps=job["epsilon"],
        fused=True,
    )
    run = torch.compile(decoder) if job["mode"] == "compile" else decoder
    step = 0
    for line in sys.stdin:
        if line.strip() == "bare":
            print(bare(model, tokens[0]), flush=True)
            continue
        rows = tokens[step % len(tokens)]
        step += 1
        begin = time.perf_counter()
        loss = run(rows[:, :-1], rows[:, 1:])
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), job["clip"])
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds = time.perf_counter() - begin
        print(seconds, loss.item(), memory("VmHWM") - before, flush=True)


main()
