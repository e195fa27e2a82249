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
    const bytes = ArrayBuffer.isView(file) ? file : new Uint8Array(file);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const data = 8 + (view.byteLength < 8 ? Infinity : Number(view.getBigUint64(0, true)));
    if (data > view.byteLength) throw new Error("this is not a safetensors file, or it is truncated");
    const { __metadata__: metadata, ...tensors } = parse(new Uint8Array(view.buffer, view.byteOffset + 8, data - 8));
    const weights = [];
    for (const [name, shape] of JSON.parse(layout)) {
        const tensor = tensors[name];
        if (!tensor) throw new Error(`the file has no tensor ${name}`);
        const [dtype, found, expected] = [tensor.dtype, tensor.shape, shape].map((part) => JSON.stringify(part));
        if (dtype !== '"F32"') throw new Error(`${name} is in ${dtype}, not "F32"`);
        if (found !== expected) throw new Error(`${name} has shape ${found}, not ${expected}`);
        const [start, end] = Array.isArray(tensor.data_offsets) ? tensor.data_offsets : [];
        const fits = Number.isSafeInteger(start) && start >= 0 && end === start + 4 * length(shape);
        if (!fits) throw new Error(`the offsets of ${name} do not fit its shape`);
        if (data + end > view.byteLength) throw new Error(`the file is truncated: it ends before ${name} does`);
        for (let at = data + start; at < data + end; at += 4) weights.push(view.getFloat32(at, true));
        delete tensors[name];
    }
    for (const name in tensors) throw new Error(`the network has no tensor ${name}`);
    return { weights: new Float32Array(weights), metadata: metadata ?? {} };
}

function parse(json) {
    let header = null;
    try {
        header = JSON.parse(new TextDecoder().decode(json));
    } catch {} // It stays null.
    if (header === null || typeof header !== "object") throw new Error("this is not a safetensors file");
    return header;
}

function length(shape) {
    return shape.reduce((product, size) => product * size, 1);
}
