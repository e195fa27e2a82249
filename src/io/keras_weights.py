from safetensors.numpy import save_file


def innermost(layer):
    """The layers that contain no other layers, in order."""
    inner = layer._flatten_layers(recursive=False, include_self=False)
    return [leaf for each in inner for leaf in innermost(each)] or [layer]


def save_weights(model, path):
    """Writes the weights of a Keras model to a safetensors file, as `0.kernel`, `0.bias`, `1.kernel`, ..."""
    layers = dict.fromkeys(layer for layer in innermost(model) if layer.weights)  # a shared layer once
    tensors = {
        f"{number}.{weight.name.split('/')[-1].split(':')[0]}": weight.numpy()
        for number, layer in enumerate(layers)
        for weight in layer.weights
    }
    if not 0 < len(tensors) == len(model.weights):
        raise ValueError(f"{len(tensors)} of {len(model.weights)} weights have names: build the model, or name them here")
    save_file(tensors, path)
