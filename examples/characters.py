"""Trains the network of `characters.rs` in PyTorch, on the same text, for as many steps.

    pip install torch==2.15.0
    python examples/characters.py 3000

The batches, the optimizer and its learning rates are those of `characters.rs`, and initial weights are drawn from the same
distributions, but with other random numbers. Prints the bits per character of the test text for three seeds.
"""

import math
import sys
from pathlib import Path

import torch
from torch import nn

SYMBOLS, STEPS, BATCH, WIDTH = 81, 64, 16, 64


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(SYMBOLS, WIDTH)
        self.positions = nn.Embedding(STEPS, WIDTH)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, 4, 256, 0.0, "gelu", batch_first=True, norm_first=True) for _ in range(3)
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, SYMBOLS)
        self.mask = nn.Transformer.generate_square_subsequent_mask(STEPS)
        for name, parameter in self.named_parameters():
            if "embedding" in name or "positions" in name:
                nn.init.normal_(parameter, std=WIDTH**-0.5)
            elif parameter.ndim == 2:
                for part in parameter.split(WIDTH) if "in_proj" in name else [parameter]:
                    nn.init.xavier_uniform_(part)
            elif "bias" in name:
                nn.init.zeros_(parameter)

    def forward(self, x):
        x = self.embedding(x) + self.positions.weight
        for block in self.blocks:
            x = block(x, src_mask=self.mask, is_causal=True)
        return self.head(self.norm(x))


def bits(model, text, places):
    x = torch.stack([text[place : place + STEPS] for place in places])
    y = torch.stack([text[place + 1 : place + STEPS + 1] for place in places])
    return nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten()) / math.log(2)


def train(steps, seed):
    torch.manual_seed(seed)
    text = (Path(__file__).resolve().parent.parent / "data/devils_dictionary.txt").read_text()
    symbols = sorted(set(text))
    assert len(symbols) == SYMBOLS
    numbers = torch.tensor([symbols.index(symbol) for symbol in text])
    text, test = numbers[: len(numbers) * 9 // 10], numbers[len(numbers) * 9 // 10 :]
    model = Decoder()
    optimizer = torch.optim.Adam(model.parameters(), eps=1e-7)
    warm_up = steps // 20
    for step in range(steps):
        falling = (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up))) / 2
        optimizer.param_groups[0]["lr"] = 3e-3 * (step / warm_up if step < warm_up else falling)
        loss = bits(model, text, torch.randint(len(text) - STEPS, (BATCH,))) * math.log(2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return float(bits(model.eval(), test, range(0, (len(test) // STEPS - 1) * STEPS, STEPS)))


if __name__ == "__main__":
    for seed in range(1, 4):
        print(f"seed {seed}: {train(int(sys.argv[1]), seed):.3f} bits per character of the test text", flush=True)
