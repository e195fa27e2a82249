"""Writes `graphs.json`: 50 training steps of networks with normalization and branches, computed by Keras on JAX in float64.

    pip install keras==3.15.1 jax==0.10.2 numpy==2.4.6
    python tests/reference/make_graph_fixtures.py
"""

from make_image_fixtures import L, SHAPE, keras, write


# The layers of the current network in order; those of the model are sorted by depth.
LAYERS = []


def sequence(x, *layers):
    for layer in layers:
        x = layer(x)
        LAYERS.append(layer)
    return x


def conv(filters, activation=None, size=3, strides=1):
    return L.Conv2D(filters, size, strides=strides, padding="same", activation=activation)


def batch_norm(x):
    return sequence(
        x,
        conv(4),
        L.BatchNormalization(),
        L.Activation("relu"),
        L.BatchNormalization(momentum=0.9, epsilon=1e-5),
        L.Flatten(),
        L.Dense(5),
        L.BatchNormalization(momentum=0.5),
        L.Activation("tanh"),
        L.Dense(3),
    )


def norms(x):
    return sequence(
        x,
        conv(6),
        L.GroupNormalization(3),
        L.Activation("tanh"),
        L.LayerNormalization(epsilon=1e-5),
        L.GroupNormalization(6, epsilon=1e-3),
        L.Flatten(),
        L.Dense(5),
        L.LayerNormalization(),
        L.Activation("silu"),
        L.Dense(3),
    )


def residual(x):
    x = sequence(x, conv(4, "tanh"))
    x = L.Activation("relu")(L.add([sequence(x, conv(4, "tanh"), conv(4)), x]))
    layers = sequence(x, conv(6, "tanh", strides=2), L.BatchNormalization(), conv(6))
    x = L.Activation("silu")(L.add([layers, sequence(x, conv(6, size=1, strides=2))]))
    return sequence(x, L.GlobalAveragePooling2D(), L.Dense(3))


def concat(x):
    branches = [sequence(x, conv(2, "relu", 1), conv(3, "tanh")), sequence(x, L.MaxPool2D(3, 1, "same"), conv(2))]
    return sequence(L.concatenate(branches), conv(3, "tanh", strides=2), L.Flatten(), L.Dense(3))


class Scale(L.Layer):
    """The product with a number for each channel."""

    def build(self, shape):
        self.bias = self.add_weight(shape=(shape[-1],))

    def call(self, x):
        return x * self.bias


def arithmetic(x):
    of_channels = lambda numbers: L.Reshape((1, 1, 4))(numbers)
    x = sequence(x, conv(4, "tanh"))
    gate = sequence(x, L.GlobalAveragePooling2D(), L.Dense(2, "tanh"), L.Dense(4, "sigmoid"))
    x = L.multiply([x, of_channels(gate)])
    x = L.subtract([sequence(x, conv(4)), of_channels(L.GlobalAveragePooling2D()(x))])
    return sequence(L.Activation("tanh")(x), Scale(), L.Flatten(), L.Dense(3))


def extremes(x):
    x = L.maximum([sequence(x, conv(2, "tanh", strides=2)), sequence(x, conv(2, strides=2))])
    of_channels = L.Reshape((1, 1, 2))(sequence(x, L.GlobalAveragePooling2D()))
    x = L.Activation("tanh")(L.minimum([sequence(x, conv(2)), of_channels]))
    return sequence(x, L.Flatten(), L.Dense(3))


# The names are those of the types in `tests/graphs.rs`.
NETWORKS = {"batch_norm": batch_norm, "residual": residual, "concat": concat, "norms": norms}


def model(network):
    LAYERS.clear()
    x = keras.Input(SHAPE)
    return keras.Model(x, network(x)), list(LAYERS)


def pairs():
    """Two inputs and two outputs, with a loss for each."""
    LAYERS.clear()
    image, numbers = keras.Input(SHAPE), keras.Input((4,))
    x = L.concatenate(
        [sequence(image, L.Conv2D(3, 3, activation="tanh"), L.Flatten()), sequence(numbers, L.Dense(5, "tanh"))]
    )
    x = sequence(x, L.Dense(6, "tanh"))
    outputs = [sequence(x, L.Dense(4, "tanh"), L.Dense(3)), sequence(x, L.Dense(2, "sigmoid"))]

    def loss(outputs, labels):
        error = keras.losses.MeanSquaredError()(labels[0], outputs[0])
        return 2 * error + 0.5 * keras.losses.BinaryCrossentropy()(labels[1], outputs[1])

    label = lambda index, y: (y > 0).astype("float64") if index == 1 else y
    return keras.Model([image, numbers], outputs), list(LAYERS), loss, label


MODELS = [(name, *model(network)) for name, network in NETWORKS.items()]
write("graphs.json", [*MODELS, ("pairs", *pairs()), ("arithmetic", *model(arithmetic)), ("extremes", *model(extremes))])
