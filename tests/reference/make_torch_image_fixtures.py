"""Writes `torch_images.json`: 50 training steps of networks of image layers, computed by PyTorch in float64.

    pip install torch==2.15.0 numpy==2.4.6
    python tests/reference/make_torch_image_fixtures.py

They have what Keras has not: symmetric padding, strides together with dilations, and pools that are padded or dilated.
Inputs and initial weights are rounded to float32. The optimizer is plain gradient descent.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

BATCH, STEPS, RATE, MOMENTUM = 4, 50, 0.005, 0.1

# The names are those of the types in `tests/images.rs`.
NETWORKS = {
    "padded": [
        *(nn.Conv2d(2, 4, 3, padding=1, stride=2), nn.Tanh()),
        *(nn.Conv2d(4, 3, (3, 2), padding=(2, 1), dilation=2), nn.Tanh()),
    ],
    "strided_and_dilated": [
        *(nn.Conv2d(2, 4, (3, 2), padding=(2, 1), stride=(2, 3), dilation=(2, 3)), nn.Tanh()),
        nn.Conv2d(4, 3, 2, padding=1, stride=3, dilation=2, bias=False),
    ],
    "transposed": [
        *(nn.ConvTranspose2d(2, 3, 3, padding=1, stride=2), nn.Tanh()),
        *(nn.ConvTranspose2d(3, 2, (2, 3), padding=2, dilation=2), nn.Tanh()),
        nn.AvgPool2d(3, padding=1, stride=2, count_include_pad=False),
    ],
    "depthwise": [
        *(nn.Conv2d(2, 2, 3, padding=2, stride=2, dilation=2, groups=2), nn.SiLU()),
        nn.Conv2d(2, 5, 1, bias=False),
        *(nn.BatchNorm2d(5, momentum=MOMENTUM), nn.ReLU6()),
        nn.MaxPool2d(2, padding=1, stride=2),
    ],
    "dilated_pool": [nn.Conv2d(2, 4, 1), nn.Hardswish(), nn.MaxPool2d((3, 2), padding=1, stride=2, dilation=2)],
    "groups": [nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.GroupNorm(3, 6), nn.GELU(), nn.AdaptiveAvgPool2d(1)],
}


def f32(array):
    return torch.tensor(np.asarray(array, "float32").astype("float64"))


def weights(layer, planes):
    """The parameters in the order of the crate. The last layer takes images of the shape `planes`, flattened."""
    if isinstance(layer, nn.Linear):
        kernel = layer.weight.reshape(-1, *planes).permute(2, 3, 1, 0)
    elif isinstance(layer, nn.Conv2d) and layer.groups > 1:
        kernel = layer.weight[:, 0].permute(1, 2, 0)
    elif isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        kernel = layer.weight.permute(2, 3, 1, 0)
    else:
        kernel = layer.weight
    arrays = [kernel] if layer.bias is None else [kernel, layer.bias]
    if isinstance(layer, nn.BatchNorm2d):
        # PyTorch corrects each variance of a batch by n / (n - 1).
        kept = (1 - MOMENTUM) ** int(layer.num_batches_tracked)
        start = layer.start * kept
        arrays += [layer.running_mean, start + (layer.running_var - start) * (layer.pixels - 1) / layer.pixels]
    return arrays


def train(index, layers):
    rng = np.random.default_rng(index)
    x, y = f32(rng.normal(size=(2 * BATCH, 2, 9, 8))), f32(rng.normal(size=(2 * BATCH, 3)))
    features = nn.Sequential(*layers).double()
    planes = x
    with torch.no_grad():
        for layer in features.eval():
            planes = layer(planes)
            if isinstance(layer, nn.BatchNorm2d):
                layer.pixels, layer.start = planes[:BATCH, 0].numel(), 1.0
    planes = planes.shape[1:]
    model = nn.Sequential(features, nn.Flatten(), nn.Linear(planes.numel(), 3).double()).train()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(f32(rng.normal(size=parameter.shape) * 0.3))
    with_weights = [layer for layer in [*features, model[2]] if list(layer.parameters())]
    flat = lambda arrays: [float(f"{v:.9g}") for array in arrays for v in array.detach().numpy().ravel()]
    kept = lambda: flat([array for layer in with_weights for array in weights(layer, planes)])
    initial, losses = kept(), []
    optimizer = torch.optim.SGD(model.parameters(), RATE)
    for number in range(STEPS):
        rows = slice(number % 2 * BATCH, (number % 2 + 1) * BATCH)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"x": flat([x.permute(0, 2, 3, 1)]), "y": flat([y]), "initial": initial, "losses": losses, "final": kept()}


if __name__ == "__main__":
    fixtures = {name: train(index, layers) for index, (name, layers) in enumerate(NETWORKS.items())}
    path = Path(__file__).resolve().parent / "torch_images.json"
    path.write_text(json.dumps(fixtures, separators=(",", ":")) + "\n")
