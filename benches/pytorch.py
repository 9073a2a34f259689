#!/usr/bin/env python3
"""Training speed of `trainer` beside PyTorch: the same networks in f32 and with products in bf16, in turns.

    cargo build --release -p trainer
    python3 -m venv V && V/bin/pip install torch
    V/bin/python benches/pytorch.py

Both train `compact` and `vit-128x6` with AdamW on batches of 128, on all cores: forward pass, backward pass and update.
The images are already in memory. PyTorch runs eagerly, on `channels_last` images, which are faster there. For bf16, the
trainer has `--precision bf16`, and PyTorch `torch.autocast`. On a processor for which `trainer` has no bf16, it trains
in f32. The figures are images per second, and their ratios. The trainer's are those of the second of two epochs, so
that its data pipeline is included.
"""

import argparse
import csv
import os
import pathlib
import subprocess
import sys
import tempfile
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional
except ImportError:
    sys.exit("PyTorch is missing: pip install torch")

BATCH = 128
# Training images for the trainer, so that an epoch of each network takes several seconds.
IMAGES = {"compact": 1500, "vit-128x6": 2500}


class ConvNorm(nn.Module):
    """A convolution, its batch normalisation, and GELU."""

    def __init__(self, inputs, outputs, side=3, stride=1, groups=1, gelu=True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, side, stride, side // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.gelu = gelu

    def forward(self, x):
        x = self.norm(self.conv(x))
        return functional.gelu(x) if self.gelu else x


class Residual(nn.Sequential):
    """Convolutions whose output is added to their input."""

    def forward(self, x):
        return x + super().forward(x)


def inverted(dim, hidden):
    return Residual(
        ConvNorm(dim, hidden, side=1),
        ConvNorm(hidden, hidden, groups=hidden),
        ConvNorm(hidden, dim, side=1, gelu=False),
    )


class Block(nn.Module):
    """One pre-norm transformer block."""

    def __init__(self, dim, heads, hidden, grid=None):
        super().__init__()
        self.heads, self.grid = heads, grid
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.qkv, self.output = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.linear1, self.linear2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden) if grid else None

    def forward(self, x):
        batch, tokens, dim = x.shape
        heads = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, dim // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value)
        x = x + self.output(found.transpose(1, 2).reshape(batch, tokens, dim))
        hidden = self.linear1(self.norm2(x))
        if self.depthwise is not None:
            image = hidden.transpose(1, 2).view(batch, -1, *self.grid)
            hidden = hidden + self.depthwise(image).flatten(2).transpose(1, 2)
        return x + self.linear2(functional.gelu(hidden))


class Vit(nn.Module):
    """A stem, transformer blocks, and a class head over the mean of the tokens."""

    def __init__(self, stem, dim, heads, hidden, depth, grid=None):
        super().__init__()
        self.stem = stem
        self.position = nn.Parameter(torch.zeros(64, dim))
        self.blocks = nn.Sequential(*[Block(dim, heads, hidden, grid) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(dim, eps=1e-6), nn.Linear(dim, 10)

    def forward(self, images):
        tokens = self.stem(images).flatten(2).transpose(1, 2) + self.position
        return self.head(self.norm(self.blocks(tokens)).mean(1))


def network(name):
    if name == "vit-128x6":
        return Vit(nn.Conv2d(3, 128, 4, 4), 128, 4, 256, 6)
    stem = nn.Sequential(
        ConvNorm(3, 32),
        Residual(ConvNorm(32, 64), ConvNorm(64, 32, side=1, gelu=False)),
        ConvNorm(32, 80, stride=2),
        inverted(80, 240),
        inverted(80, 240),
        ConvNorm(80, 128, stride=2, gelu=False),
    )
    return Vit(stem, 128, 4, 256, 5, grid=(8, 8))


def of_pytorch(name, precision, seconds):
    """Images per second of PyTorch, over whole steps of at least `seconds`."""
    torch.manual_seed(1)
    model = network(name).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    images = torch.randn(BATCH, 3, 32, 32).to(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (BATCH,))

    def step():
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            logits = model(images)
        loss = functional.cross_entropy(logits.float(), labels, label_smoothing=0.1)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()

    for _ in range(2):
        step()
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        step()
        steps += 1
    return steps * BATCH / (time.perf_counter() - start)


def of_trainer(name, precision, program):
    """Images per second of the trainer, in its second epoch."""
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "speed"
        options = ["--batch-size", str(BATCH), "--train-images", str(IMAGES[name]), "--epochs", "2"]
        options += ["--optimiser", "adamw", "--augment", "0", "--ema", "0", "--out", str(out)]
        options += ["--precision", precision]
        command = [program, "--preset", name, *options]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        with open(out / "metrics.csv") as metrics:
            return float(list(csv.DictReader(metrics))[-1]["images_per_second"])


def parameters(name):
    return sum(parameter.numel() for parameter in network(name).parameters())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trainer", default="target/release/trainer", help="the program to measure")
    parser.add_argument("--networks", default="compact,vit-128x6", help="which networks, with commas between them")
    parser.add_argument("--turns", type=int, default=3, help="measurements of each [default: 3]")
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds of one measurement of PyTorch [default: 10]")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of PyTorch [default: one a core]")
    args = parser.parse_args()
    if not pathlib.Path(args.trainer).is_file():
        sys.exit(f"{args.trainer} is missing: cargo build --release -p trainer")
    names = args.networks.split(",")
    unknown = [name for name in names if name not in IMAGES]
    if unknown:
        sys.exit(f"{unknown[0]} is unknown: choose of {', '.join(IMAGES)}")
    torch.set_num_threads(args.threads)
    print(f"PyTorch {torch.__version__}, {args.threads} threads; images per second")
    for name in names:
        print(f"{name}: {parameters(name):,} parameters", flush=True)
        for turn in range(args.turns):
            found = {}
            for precision in ("f32", "bf16"):
                found["trainer", precision] = of_trainer(name, precision, args.trainer)
                found["PyTorch", precision] = of_pytorch(name, precision, args.seconds)
            rates = ", ".join(f"{program} {precision} {rate:.0f}" for (program, precision), rate in found.items())
            theirs = found["PyTorch", "f32"]
            print(f"  turn {turn + 1}: {rates}")
            print(
                f"    trainer f32 / PyTorch f32 {found['trainer', 'f32'] / theirs:.2f}, "
                f"trainer bf16 / PyTorch f32 {found['trainer', 'bf16'] / theirs:.2f}, "
                f"trainer bf16 / PyTorch bf16 {found['trainer', 'bf16'] / found['PyTorch', 'bf16']:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
