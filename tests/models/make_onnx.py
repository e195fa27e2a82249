"""Writes the ONNX models of `tests/models`, quantized by onnxruntime, and the outputs of onnxruntime.

    python make_onnx.py

It needs onnx 1.23 and onnxruntime 1.32. Each `.onnx` has a file `.bin` beside it: 16 inputs, each followed by its output,
with the channels last.
"""

import os
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

rng = np.random.default_rng(1)


class Builder:
    """A graph, operator by operator."""

    def __init__(self, shape):
        self.nodes, self.constants, self.shape, self.last = [], [], shape, "x"

    def constant(self, array, dtype=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def weights(self, *shape):
        return self.constant(rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape))

    def bias(self, count):
        return self.constant(rng.normal(0, 0.3, count))

    def node(self, kind, *inputs, **attributes):
        name = f"y{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        self.last = name
        return name

    def then(self, kind, *inputs, **attributes):
        return self.node(kind, self.last, *inputs, **attributes)

    def conv(self, before, from_, to, size, groups=1, **attributes):
        weights = self.weights(to, from_ // groups, *size)
        return self.node("Conv", before, weights, self.bias(to), group=groups, kernel_shape=size, **attributes)

    def norm(self, channels):
        numbers = [rng.uniform(0.5, 2, channels), rng.normal(0, 1, channels)]
        return self.then("BatchNormalization", *map(self.constant, numbers + numbers[::-1]))

    def dense(self, from_, to):
        return self.then("Gemm", self.weights(to, from_), self.bias(to), transB=1)

    def model(self):
        self.nodes[-1].output[0] = "y"
        entrance = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *self.shape])
        end = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "graph", [entrance], [end], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Samples(CalibrationDataReader):
    def __init__(self, samples):
        self.samples = iter(samples)

    def get_next(self):
        sample = next(self.samples, None)
        return None if sample is None else {"x": sample[None]}


def last(array):
    """With the channels last."""
    return np.moveaxis(array, 0, -1) if array.ndim > 1 else array


def write(name, builder, activations=QuantType.QInt8, per_channel=True, real=False, turned=False, **extra):
    """`turned` says that the model takes its channels last."""
    samples = rng.normal(0, 1, (100, *builder.shape)).astype(np.float32)
    folder = os.environ.get("MODELS", os.path.dirname(os.path.abspath(__file__)))
    path = f"{folder}/{name}.onnx"
    with tempfile.TemporaryDirectory() as temporary:
        source = f"{temporary}/model.onnx"
        onnx.save(onnx.shape_inference.infer_shapes(builder.model()), source)
        if real:
            os.replace(source, path)
        else:
            quantize_static(
                source, path, Samples(samples), quant_format=QuantFormat.QDQ, per_channel=per_channel,
                activation_type=activations, weight_type=QuantType.QInt8, extra_options=extra,
            )
    if name == "unsupported":
        return
    options = onnxruntime.SessionOptions()
    # As the file says, without fused operators.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options)
    with open(f"{folder}/{name}.bin", "wb") as file:
        for x in rng.normal(0, 1, (16, *builder.shape)).astype(np.float32):
            (y,) = session.run(None, {"x": x[None]})
            x = x if turned else last(x)
            file.write(np.ascontiguousarray(x).tobytes() + np.ascontiguousarray(last(y[0])).tobytes())
    print(name, os.path.getsize(path), "bytes")


def images():
    """Convolutions with several paddings, a residual connection, a concatenation, pools and a flattened image."""
    b = Builder((3, 10, 9))
    b.conv("x", 3, 6, (3, 3), pads=[1, 1, 1, 1], strides=[2, 2])
    x = b.then("Relu")
    b.conv(x, 6, 6, (3, 3), groups=6, pads=[1, 1, 1, 1])
    b.then("Clip", b.constant(0), b.constant(6))
    y = b.conv(b.last, 6, 6, (1, 1))
    x = b.node("Relu", b.node("Add", x, y))
    a = b.conv(x, 6, 4, (3, 2), pads=[1, 0, 1, 1])
    c = b.node("MaxPool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1])
    b.node("Concat", a, c, axis=1)
    b.then("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    b.then("Flatten", axis=1)
    b.dense(10 * 2 * 2, 8)
    b.then("Sigmoid")
    b.dense(8, 5)
    b.then("Softmax", axis=1)
    return b


def pooled():
    b = Builder((4, 6, 6))
    b.conv("x", 4, 8, (3, 3))
    b.then("Tanh")
    b.then("GlobalAveragePool")
    b.then("Reshape", b.constant([0, -1], np.int64))
    b.dense(8, 3)
    return b


def product():
    """Products of matrices, with a bias that is added."""
    b = Builder((12,))
    b.then("MatMul", b.weights(12, 10))
    b.then("Add", b.bias(10))
    b.then("Relu")
    b.then("MatMul", b.weights(10, 4))
    return b


def series():
    """Convolutions of a series, with a residual connection, a pool, and a mean as PyTorch writes it."""
    b = Builder((3, 24))
    b.conv("x", 3, 6, (5,), pads=[2, 2], strides=[2])
    x = b.then("Relu")
    b.conv(x, 6, 6, (3,), groups=6, pads=[1, 1])
    x = b.node("Add", x, b.last)
    b.conv(x, 6, 5, (3,), dilations=[2], pads=[4, 0])
    b.then("Relu")
    b.then("MaxPool", kernel_shape=[2], strides=[2])
    b.conv(b.last, 5, 4, (2,))
    b.then("Unsqueeze", b.constant([-2], np.int64))
    b.then("ReduceMean", axes=[-1, -2])
    b.then("Squeeze", b.constant([-2], np.int64))
    b.then("Flatten", axis=1)
    b.dense(4, 3)
    return b


def steps():
    """A series with its channels last, and a series as the output."""
    b = Builder((16, 2))
    b.then("Transpose", perm=[0, 2, 1])
    b.conv(b.last, 2, 4, (3,))
    b.then("Elu")
    b.then("AveragePool", kernel_shape=[2], strides=[2])
    b.conv(b.last, 4, 3, (1,))
    return b


def normed():
    """Batch norms that are not part of a convolution, and a limit to −1 and 1."""
    b = Builder((3, 8, 7))
    b.norm(3)
    b.conv(b.last, 3, 4, (3, 3))
    b.then("LeakyRelu")
    b.norm(4)
    b.then("HardSwish")
    b.then("Flatten", axis=1)
    b.dense(4 * 6 * 5, 3)
    b.then("Clip", b.constant(-1), b.constant(1))
    b.norm(3)
    return b


def unsupported():
    b = Builder((4, 5, 5))
    b.conv("x", 4, 2, (3, 3))
    b.then("Softplus")
    return b


if __name__ == "__main__":
    write("images_qdq", images())
    write("pooled_qdq", pooled(), activations=QuantType.QUInt8)
    write("product_qdq", product(), per_channel=False, ActivationSymmetric=True)
    write("images_real", images(), real=True)
    write("series_qdq", series())
    write("series_real", series(), real=True)
    write("steps_real", steps(), real=True, turned=True)
    write("normed_real", normed(), real=True)
    write("unsupported", unsupported())
