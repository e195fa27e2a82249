"""Writes `int8.json`: one step of quantization-aware training, computed with PyTorch's fake quantization.

    pip install torch==2.15.0 numpy==2.4.6
    python tests/reference/make_int8_fixtures.py
"""

import json
import pathlib

import torch
from torch.nn import functional as F

torch.manual_seed(5)
SAMPLES, CALIBRATED, CLASSES = 12, 6, 3


def scale_of(values):
    """The scale and the zero point that cover the values and 0."""
    low, high = min(values.min().item(), 0.0), max(values.max().item(), 0.0)
    scale = torch.tensor((high - low) / 255.0).item()
    return scale, round(-128 - low / scale)


def rounded(values, scale):
    return torch.fake_quantize_per_tensor_affine(values, scale[0], scale[1], -128, 127)


def weights(kernel, each_output):
    """Outputs are the first axis."""
    if not each_output:
        return torch.fake_quantize_per_tensor_affine(kernel, (kernel.abs().max() / 127).item(), 0, -127, 127)
    scales = (kernel.detach().abs().flatten(1).max(1).values / 127).float()
    return torch.fake_quantize_per_channel_affine(kernel, scales, torch.zeros(len(scales), dtype=torch.int32), 0, -127, 127)


def forward(x, parameters, scales):
    """The logits. With `scales` `None`, nothing is rounded, and the result is the scales of this pass."""
    found = []

    def at(values, fixed=None):
        found.append(fixed or scale_of(values))
        return rounded(values, scales[len(found) - 1]) if scales else values

    w = weights if scales else lambda kernel, _: kernel
    conv, conv_bias, depthwise, depthwise_bias, dense, dense_bias, last, last_bias = parameters
    y = at(x)
    y = at(F.relu(F.conv2d(y, w(conv, True), conv_bias, padding=1)))
    y = at(F.relu6(F.conv2d(y, w(depthwise, True), depthwise_bias, padding=1, groups=len(depthwise))))
    y = F.avg_pool2d(y, 2)
    # An average pool keeps the scale. Half steps, which are frequent after it, are rounded up as in TensorFlow Lite.
    if scales:
        scale = scales[len(found) - 1][0]
        y = y + ((y / scale + 0.5).floor() * scale - y).detach()
    y = y.permute(0, 2, 3, 1).flatten(1)
    y = at(F.linear(y, w(dense, False), dense_bias))
    y = at(torch.tanh(y), (1 / 128, 0))
    y = at(F.linear(y, w(last, False), last_bias))
    return found if scales is None else y


def numbers(tensor):
    return tensor.detach().flatten().tolist()


x = torch.randn(SAMPLES, 2, 8, 8)
labels = torch.arange(SAMPLES) % CLASSES
shapes = [(4, 2, 3, 3), (4,), (4, 1, 3, 3), (4,), (6, 64), (6,), (CLASSES, 6), (CLASSES,)]
parameters = [(torch.randn(shape) / max(1, torch.Size(shape[1:]).numel()) ** 0.5).requires_grad_() for shape in shapes]
scales = forward(x[:CALIBRATED], parameters, None)
loss = F.cross_entropy(forward(x, parameters, scales), labels)
loss.backward()


def layout(tensor):
    """Kernels are `[row][column][channel][filter]` and `[input][output]`."""
    return tensor.permute(2, 3, 1, 0) if tensor.dim() == 4 else tensor.T if tensor.dim() == 2 else tensor


fixture = {
    "x": numbers(x.permute(0, 2, 3, 1)),
    "labels": labels.tolist(),
    "calibrated": CALIBRATED,
    "weights": sum((numbers(layout(p)) for p in parameters), []),
    "gradient": sum((numbers(layout(p.grad)) for p in parameters), []),
    "loss": loss.item(),
}
pathlib.Path(__file__).with_name("int8.json").write_text(json.dumps(fixture) + "\n")
