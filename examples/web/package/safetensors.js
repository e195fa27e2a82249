// The safetensors format: the length of the header as 8 bytes, a JSON header, and the numbers, all little-endian.

export function encode(layout, weights, metadata = {}) {
    const header = { __metadata__: metadata };
    let end = 0;
    for (const [name, shape] of JSON.parse(layout)) {
        const start = end;
        end += 4 * length(shape);
        header[name] = { dtype: "F32", shape, data_offsets: [start, end] };
    }
    const json = new TextEncoder().encode(JSON.stringify(header));
    // The format aligns the numbers to 8 bytes.
    const data = 8 + Math.ceil(json.length / 8) * 8;
    const file = new Uint8Array(data + end).fill(32, 8, data);
    const view = new DataView(file.buffer);
    view.setBigUint64(0, BigInt(data - 8), true);
    file.set(json, 8);
    weights.forEach((weight, index) => view.setFloat32(data + 4 * index, weight, true));
    return file;
}

export function decode(layout, file) {
    const view = new DataView(file);
    const data = 8 + (view.byteLength < 8 ? Infinity : Number(view.getBigUint64(0, true)));
    if (data > view.byteLength) throw new Error("this is not a safetensors file, or it is truncated");
    const { __metadata__: metadata = {}, ...tensors } = JSON.parse(new TextDecoder().decode(file.slice(8, data)));
    const weights = [];
    for (const [name, shape] of JSON.parse(layout)) {
        const tensor = tensors[name];
        if (!tensor) throw new Error(`the file has no tensor ${name}`);
        if (tensor.dtype !== "F32") throw new Error(`${name} is in ${tensor.dtype}, not F32`);
        if (String(tensor.shape) !== String(shape)) throw new Error(`${name} has shape ${tensor.shape}, not ${shape}`);
        const [start, end] = tensor.data_offsets;
        if (end - start !== 4 * length(shape) || data + end > view.byteLength) throw new Error("the file is truncated");
        for (let at = data + start; at < data + end; at += 4) weights.push(view.getFloat32(at, true));
        delete tensors[name];
    }
    for (const name in tensors) throw new Error(`the network has no tensor ${name}`);
    return { weights: new Float32Array(weights), metadata };
}

function length(shape) {
    return shape.reduce((product, size) => product * size, 1);
}
