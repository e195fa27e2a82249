"""The other side of `tests/exchange.rs`: `check.py make FOLDER`, then the Rust tests, then `check.py compare FOLDER`."""

import json
import os
import sys
from pathlib import Path

os.environ |= {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}

import keras
import numpy as np
import onnx
import onnxruntime
from safetensors import safe_open
from safetensors.numpy import load_file

# What the documentation of `Import` contains.
sys.path.append(str(Path(__file__).resolve().parents[2] / "src/io"))
from keras_weights import save_weights

TOLERANCE = 1e-5

ACTIVATIONS = {
    "leaky_relu": lambda x: keras.activations.leaky_relu(x, negative_slope=0.01),
    "gelu": lambda x: keras.activations.gelu(x, approximate=False),
    "unit_length": keras.ops.normalize,
} | {
    name: name
    for name in (
        "linear relu relu6 hard_sigmoid hard_silu elu selu silu sigmoid tanh softplus softmax log_softmax".split()
    )
}


def keras_model(activation):
    return keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(7, activation), keras.layers.Dense(3)]
    )


def block():
    """Each block has the same names."""
    dense = [keras.layers.Dense(5, "relu", name="in"), keras.layers.Dense(4, "tanh", name="out")]
    return keras.Sequential([keras.Input((4,)), *dense])


def nested_model():
    """Models inside models; a layer that wraps another."""
    head = keras.Sequential([block(), keras.layers.Dense(3, "softmax")])
    layers = [block(), keras.layers.Dropout(0.5), keras.layers.Reshape((1, 4))]
    wrapped = keras.layers.TimeDistributed(keras.layers.Dense(4, "elu"))
    return keras.Sequential([keras.Input((4,)), *layers, wrapped, keras.layers.Flatten(), head])


def shared_model():
    """The functional interface; a layer that is used twice."""
    x = inputs = keras.Input((4,))
    shared = keras.layers.Dense(4, "tanh")
    x = keras.layers.Dense(2)(shared(block()(shared(x))))
    return keras.Model(inputs, x)


class Keras2:
    """The layer as in Keras 2, whose weights have names such as `dense/kernel:0`."""

    def __init__(self, layer):
        self.inner = [Keras2(inner) for inner in layer._flatten_layers(recursive=False, include_self=False)]
        self.weights = [Weight2(f"{layer.name}/{weight.name}:0", weight.numpy) for weight in layer.weights]

    def _flatten_layers(self, recursive, include_self):
        yield from self.inner


class Weight2:
    def __init__(self, name, numpy):
        self.name, self.numpy = name, numpy


def check_recipe(folder):
    """The recipe writes the same from Keras 2, and refuses to write a part of the weights."""
    model = nested_model()
    for name, model in {"keras3": model, "keras2": Keras2(model)}.items():
        save_weights(model, folder / f"{name}.safetensors")
    [new, old] = [load_file(folder / f"keras{version}.safetensors") for version in (3, 2)]
    assert old.keys() == new.keys() and len(new) == 12, old.keys()
    assert all(np.array_equal(old[name], new[name]) for name in new)

    class Scaled(keras.layers.Layer):
        """It has a layer, and a weight of its own."""

        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)

        def build(self, shape):
            self.scale = self.add_weight(shape=(4,), name="scale")
            self.dense.build(shape)

        def call(self, x):
            return self.scale * self.dense(x)

    unbuilt = keras.Sequential([keras.layers.Dense(4)])
    for model, said in [(unbuilt, "0 of 0"), (keras.Sequential([keras.Input((4,)), Scaled()]), "2 of 3")]:
        try:
            save_weights(model, folder / "refused.safetensors")
        except ValueError as error:
            assert said in str(error), error
        else:
            raise AssertionError("only a part of the weights was written")


def make(folder):
    """Writes models with random weights, as the documentation of `Import` says, and what they predict."""
    check_recipe(folder)
    make_arrays(folder)
    models = {name: keras_model(activation) for name, activation in ACTIVATIONS.items()}
    models["dropout"] = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(9, "relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(9, "tanh"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(4, "softmax"),
        ]
    )
    models["nested"] = nested_model()
    models["shared"] = shared_model()
    models["images"] = keras.Sequential(
        [
            keras.Input((9, 8, 2)),
            keras.layers.Conv2D(5, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2D(4, (2, 3), dilation_rate=2, padding="same", activation="tanh"),
            keras.layers.AveragePooling2D(3, strides=2, padding="same"),
            keras.layers.MaxPool2D(2, strides=1, padding="same"),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    models["recurrent_layers"] = keras.Sequential(
        [
            keras.Input((6, 3)),
            keras.layers.SimpleRNN(4, return_sequences=True),
            keras.layers.GRU(5, return_sequences=True),
            keras.layers.LSTM(4),
            keras.layers.Dense(3),
        ]
    )
    models["bidirectional_layers"] = keras.Sequential(
        [
            keras.Input((6, 3)),
            keras.layers.Bidirectional(keras.layers.GRU(4, return_sequences=True)),
            keras.layers.Bidirectional(keras.layers.LSTM(5)),
            keras.layers.Dense(3),
        ]
    )
    series = keras.Input((6, 3))
    x = keras.layers.SimpleRNN(4, return_sequences=True, use_bias=False)(series)
    x = keras.layers.Bidirectional(keras.layers.GRU(2, return_sequences=True, use_bias=False))(x)
    x = keras.layers.MultiHeadAttention(2, 2, use_bias=False)(x, x)
    models["unbiased_layers"] = keras.Model(series, keras.layers.LSTM(5, use_bias=False)(x))
    numbers = keras.Input((8,))
    x = keras.layers.Embedding(11, 6)(numbers)
    for heads in (2, 3):
        attention = keras.layers.MultiHeadAttention(heads, 6 // heads)
        norm = keras.layers.LayerNormalization(epsilon=1e-5)(x)
        x = keras.layers.add([x, attention(norm, norm, use_causal_mask=True)])
        norm = keras.layers.LayerNormalization(epsilon=1e-5)(x)
        x = keras.layers.add([x, keras.layers.Dense(6)(keras.layers.Dense(10, activation="gelu")(norm))])
    x = keras.layers.Dense(11)(keras.layers.RMSNormalization(epsilon=1e-5)(x))
    models["decoder"] = keras.Model(numbers, keras.layers.Flatten()(x))
    models["norms"] = keras.Sequential(
        [
            keras.Input((9, 8, 2)),
            keras.layers.Conv2D(4, 3, padding="same"),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.GroupNormalization(2),
            keras.layers.LayerNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
            keras.layers.BatchNormalization(epsilon=1e-5),
        ]
    )
    models["causes"] = keras.Sequential(
        [
            keras.Input((12, 2)),
            keras.layers.Conv1D(4, 3, dilation_rate=2, padding="causal", activation="relu"),
            keras.layers.AveragePooling1D(3, strides=2, padding="same"),
            keras.layers.Conv1D(5, 2, strides=2, padding="same", activation="hard_silu", use_bias=False),
            keras.layers.DepthwiseConv1D(3, padding="same", activation="tanh"),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(3),
        ]
    )
    models["decoded"] = keras.Sequential(
        [
            keras.Input((4, 3, 2)),
            keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
            keras.layers.Conv2DTranspose(3, (2, 4), strides=3, activation="tanh", use_bias=False),
            keras.layers.Conv2D(1, 1),
        ]
    )
    models["separable"] = keras.Sequential(
        [
            keras.Input((9, 8, 2)),
            keras.layers.Conv2D(4, 3, strides=2, padding="same", activation="relu6", use_bias=False),
            keras.layers.DepthwiseConv2D(3, padding="same", activation="hard_silu", use_bias=False),
            keras.layers.Conv2D(5, 1),
            keras.layers.DepthwiseConv2D((2, 3), strides=2, activation="tanh"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3),
        ]
    )
    for name, model in models.items():
        rng = np.random.default_rng(1)  # The numbers of a model do not depend on the others.
        for weight in model.weights:
            values = rng.normal(size=weight.shape).astype("float32")
            weight.assign(np.abs(values) if weight.name == "moving_variance" else values)
        save_weights(model, folder / f"keras_{name}.safetensors")
        shape = (16, *model.input_shape[1:])
        inputs = (rng.integers(0, 11, shape) if name == "decoder" else rng.normal(size=shape)).astype("float32")
        outputs = model.predict(inputs, verbose=0)
        written = {name: rows.reshape(len(rows), -1).tolist() for name, rows in [("inputs", inputs), ("outputs", outputs)]}
        (folder / f"keras_{name}.json").write_text(json.dumps(written))
    print(f"made {len(models)} models of Keras {keras.__version__}")


def arrays():
    """The same as in `tests/exchange.rs`."""
    x = np.arange(30, dtype="float32").reshape(10, 3) / 8 - 1
    y = np.arange(10, dtype="int64") ** 2 % 7
    squares = np.array([[[1.5, -2.0], [0.1, 4.0]]])
    return x, y, squares


def make_arrays(folder):
    x, y, squares = arrays()
    np.save(folder / "numpy.npy", squares)
    np.savez(folder / "numpy.npz", x=x, y=y)
    np.savez_compressed(folder / "numpy_compressed.npz", x=x, y=y)


def compare_arrays(folder):
    x, y, squares = arrays()
    found = np.load(folder / "shiplap.npz")
    found = {name: found[name] for name in found.files} | {"squares": np.load(folder / "shiplap.npy")}
    assert found.keys() == {"x", "y", "squares"}
    for name, expected in {"x": x, "y": y, "squares": squares}.items():
        assert found[name].dtype == expected.dtype and np.array_equal(found[name], expected), name
    print(f"NPY and NPZ files go both ways with NumPy {np.__version__}")


def agree(what, found, expected):
    assert found.shape == expected.shape, f"{what}: {found.shape}, not {expected.shape}"
    error = np.max(np.abs(found - expected) / np.maximum(np.abs(expected), 1.0))
    assert error <= TOLERANCE, f"{what}: off by {error}"
    return error


def members(rows, tensors):
    """The columns of `rows` that belong to each of the inputs or outputs of a model, by name."""
    ends = np.cumsum([int(np.prod(tensor.shape[1:])) for tensor in tensors])
    assert rows.reshape(len(rows), -1).shape[1] == ends[-1], tensors
    columns = np.split(rows.reshape(len(rows), -1), ends[:-1], axis=1)
    return {tensor.name: values.reshape(-1, *tensor.shape[1:]) for tensor, values in zip(tensors, columns)}


def compare(folder):
    """Reads and runs what the crate has written, and compares."""
    compare_arrays(folder)
    worst = {"onnxruntime": 0.0, "keras": 0.0}
    names = sorted(path.stem for path in folder.glob("*.onnx"))
    assert len(names) >= 26, names
    for name in names:
        written = json.loads((folder / f"{name}.json").read_text())
        session = onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
        inputs = np.array(written["inputs"], "float32")  # `None` becomes NaN.
        inputs = members(inputs, session.get_inputs())
        outputs = members(np.array(written["outputs"]), session.get_outputs())

        # The weights: names, shapes, and the same numbers as in the ONNX model.
        path = folder / f"{name}.safetensors"
        tensors = load_file(path)
        assert {name: list(tensor.shape) for name, tensor in tensors.items()} == written["tensors"], name
        with safe_open(path, "numpy") as file:
            assert {"shiplap", "network", "activations"} <= file.metadata().keys(), name
        dtype = "float64" if name.endswith("double") else "float32"
        assert all(tensor.dtype == dtype for tensor in tensors.values()), name

        model = onnx.load(folder / f"{name}.onnx")
        onnx.checker.check_model(model, full_check=True)
        initializers = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        for tensor in tensors:
            if tensor not in initializers:
                # The gates of recurrent layers are in another order, and attention has three kernels.
                layer = tensor.removesuffix(tensor.rpartition(".")[2])
                assert layer + "W" in initializers or layer + "kernel_query" in initializers, (name, tensor)
                continue
            expected = tensors[tensor].astype("float32")
            if tensor.endswith(".bias"):
                pass  # Constants have any shape.
            elif expected.ndim == 4:  # ONNX has the filters first.
                expected = expected.transpose(3, 2, 0, 1)
            elif expected.ndim == 3 and initializers[tensor].ndim == 4:  # depthwise
                expected = expected.transpose(2, 0, 1)[:, None]
            elif expected.ndim == 3:
                expected = expected.transpose(2, 1, 0)
            elif expected.ndim == 2 and initializers[tensor].ndim == 3:  # depthwise over a series
                expected = expected.T[:, None]
            found = initializers[tensor]
            if expected.ndim == 1:  # Numbers of planes have axes of length 1.
                found = found.ravel()
            assert np.array_equal(found, expected), (name, tensor)

        # The predictions, in batches of two sizes.
        for rows in (1, len(written["inputs"])):
            found = session.run(list(outputs), {member: values[:rows] for member, values in inputs.items()})
            for values, (member, expected) in zip(found, outputs.items()):
                error = agree(f"{member} of {name} in onnxruntime", values, expected[:rows])
                worst["onnxruntime"] = max(worst["onnxruntime"], error)

        if name in ACTIVATIONS:
            twin = keras_model(ACTIVATIONS[name])
            twin.set_weights([tensors[key] for key in ("0.kernel", "0.bias", "1.kernel", "1.bias")])
            error = agree(f"{name} in Keras", twin.predict(inputs["input"], verbose=0), outputs["output"])
            worst["keras"] = max(worst["keras"], error)
    print(f"{len(names)} networks agree with onnxruntime {onnxruntime.__version__} to {worst['onnxruntime']:.1e},")
    print(f"{len(ACTIVATIONS)} of them with Keras {keras.__version__} to {worst['keras']:.1e}")


if __name__ == "__main__":
    {"make": make, "compare": compare}[sys.argv[1]](Path(sys.argv[2]))
