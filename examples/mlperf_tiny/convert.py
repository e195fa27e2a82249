"""Converts the trained networks of MLPerf Tiny for the example `mlperf_tiny`.

    pip install ai-edge-litert==2.3.0 jax==0.10.2 keras==3.15.1 h5py==3.16.0 numpy==2.4.6 safetensors==0.8.0
    python examples/mlperf_tiny/convert.py FOLDER

The folder contains `resnet8_float.tflite`, `kws_float.tflite`, `vww_float.tflite` and `sww.h5` of
https://github.com/mlcommons/tiny, `benchmark/training/*/trained_models`. For each network, the script writes the weights
to `data/mlperf_tiny`, named as by Keras, with batch norms folded, and the outputs of TensorFlow Lite for 100 inputs.

`sww` and `kws` are compared with Keras: there is no float file of the one, and the file of the other holds some weights as
8-bit integers, for which TensorFlow Lite rounds activations as well.
"""

import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from safetensors.numpy import save_file

TO = Path(__file__).resolve().parents[2] / "data" / "mlperf_tiny"
SAMPLES = 100


def inputs(shape, low, high):
    """The same as in the example: a pseudo-random number for each 4×4 pixels, brighter in some images than in others."""
    sample, row, column, channel = np.indices((SAMPLES, *shape)).astype("uint32")
    seed = sample * 7919 + (row // 4) * 131 + (column // 4) * 17 + channel * 3 + 1
    seed = (seed ^ (seed >> 15)) * np.uint32(0x2C1B3C6D)
    seed = (seed ^ (seed >> 12)) * np.uint32(0x297A2D39)
    seed = (seed ^ (seed >> 15)) >> 8
    share = seed.astype("float32") / np.float32(1 << 24)
    light = (sample % 10 + 1).astype("float32") / np.float32(10)
    return np.float32(low) + share * light * np.float32(high - low)


def of_tflite(path):
    """The weights in order, and a function that predicts."""
    interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    weights, details = [], {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    for operation in interpreter._get_ops_details():
        if operation["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            kernel, bias = (interpreter.get_tensor(index) for index in operation["inputs"][1:3])
            if kernel.dtype == np.int8:
                scales = details[operation["inputs"][1]]["quantization_parameters"]["scales"]
                kernel = kernel * scales.reshape(-1, *[1] * (kernel.ndim - 1))
            # [FILTERS, ROWS, COLUMNS, CHANNELS], [1, ROWS, COLUMNS, CHANNELS] and [OUT, IN].
            order = {"CONV_2D": (1, 2, 3, 0), "DEPTHWISE_CONV_2D": (1, 2, 3, 0), "FULLY_CONNECTED": (1, 0)}
            weights.append((kernel.transpose(order[operation["op_name"]]), bias))
    entry, end = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def predict(x):
        interpreter.set_tensor(entry, x[None])
        interpreter.invoke()
        return interpreter.get_tensor(end)[0]

    return weights, lambda x: [predict(sample) for sample in x]


class Depthwise(keras.layers.DepthwiseConv2D):
    """The file is of Keras 2, whose layer had one more setting."""

    def __init__(self, groups=1, **settings):
        assert groups == 1
        super().__init__(**settings)


def of_kws(path):
    weights, in_tflite = of_tflite(path)
    layers = keras.layers
    model = [keras.Input((49, 10, 1)), layers.Conv2D(64, (10, 4), 2, "same", activation="relu")]
    for _ in range(4):
        model += [layers.DepthwiseConv2D(3, padding="same", activation="relu"), layers.Conv2D(64, 1, activation="relu")]
    model = keras.Sequential([*model, layers.GlobalAveragePooling2D(), layers.Dense(12, "softmax")])
    model.set_weights([values for layer in weights for values in layer])

    def predict(x):
        outputs = model.predict(x, verbose=0)
        print(f"kws: rounding in TensorFlow Lite changes outputs by up to {np.abs(outputs - in_tflite(x)).max():.1e}")
        return outputs

    return weights, predict


def of_keras(path):
    model = keras.models.load_model(path, {"DepthwiseConv2D": Depthwise}, compile=False)
    weights = []
    for layer in model.layers:
        values = [weight.numpy().astype("float64") for weight in layer.weights]
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = values
            factor = gamma / np.sqrt(variance + layer.epsilon)
            kernel, bias = weights.pop()
            weights.append((kernel * factor, (bias - mean) * factor + beta))
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            weights.append((values[0], np.zeros(values[0].shape[2])))
        elif len(values) == 1:
            weights.append((values[0], np.zeros(values[0].shape[-1])))
        elif values:
            weights.append(tuple(values))
    return weights, lambda x: model.predict(x, verbose=0)


NETWORKS = {
    "resnet8": (of_tflite, "resnet8_float.tflite", (32, 32, 3), (0, 255)),
    "kws": (of_kws, "kws_float.tflite", (49, 10, 1), (-123, 26)),
    "vww": (of_tflite, "vww_float.tflite", (96, 96, 3), (0, 1)),
    "sww": (of_keras, "sww.h5", (30, 1, 40), (0, 0.94)),
}

TO.mkdir(parents=True, exist_ok=True)
for name, (read, file, shape, (low, high)) in NETWORKS.items():
    weights, predict = read(Path(sys.argv[1]) / file)
    tensors = {}
    for number, (kernel, bias) in enumerate(weights):
        tensors[f"{number}.kernel"] = np.ascontiguousarray(kernel, "float32")
        tensors[f"{number}.bias"] = np.ascontiguousarray(bias, "float32")
    save_file(tensors, TO / f"{name}.safetensors")
    outputs = np.array(predict(inputs(shape, low, high)), "float64")
    rows = [[float(f"{value:.8g}") for value in row] for row in outputs]
    (TO / f"{name}.json").write_text(json.dumps(rows, separators=(",", ":")) + "\n")
    classes = np.bincount(outputs.argmax(1), minlength=outputs.shape[1])
    print(f"{name}: {sum(tensor.size for tensor in tensors.values())} parameters, predictions per class {classes}")
