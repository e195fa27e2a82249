// Tries the npm packages in node: node test/package.mjs DIGITS TEMPLATE, the folders in which they are installed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const [digits, template] = process.argv.slice(2).map((folder) => new URL("index.js", `${pathToFileURL(folder)}/`).href);
const file = readFileSync(new URL("../digits.safetensors", import.meta.url));
const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.length);

test("the package for digits predicts, and reads files of the crate", async () => {
    const { Recognizer, build, decode, encode, load } = await import(digits);
    assert.equal(build, "simd");
    await load();
    const network = new Recognizer();
    const image = Float32Array.from({ length: 64 }, (_, pixel) => (pixel % 8 === 4 ? 1 : 0));
    const shares = network.predict(image);
    assert.equal(shares.indexOf(Math.max(...shares)), 1);
    const { weights, metadata } = decode(network.layout(), bytes);
    assert.deepEqual(network.weights, weights);
    assert.match(metadata.network, /Conv2d/);
    const again = encode(network.layout(), weights, { a: "b" });
    for (const file of [again, again.buffer]) {
        assert.deepEqual(decode(network.layout(), file), { weights, metadata: { a: "b" } });
    }
    assert.deepEqual(decode(network.layout(), file), { weights, metadata }); // a part of a larger buffer
});

test("the build without SIMD predicts the same", async () => {
    const simd = await import(digits);
    const plain = await import("../dist/digits/index.js"); // a copy, which loads its own build
    await plain.load(readFileSync(new URL("../dist/digits/plain.wasm", import.meta.url)));
    const image = Float32Array.from({ length: 64 }, (_, pixel) => (pixel % 7) / 7);
    const shares = new simd.Recognizer().predict(image);
    new plain.Recognizer().predict(image).forEach((share, digit) => assert(Math.abs(share - shares[digit]) < 1e-5));
});

test("errors say how to fix them", async () => {
    const { Recognizer, decode } = await import(digits);
    const network = new Recognizer();
    assert.throws(() => network.predict(new Float32Array(63)), /64 gray values/);
    assert.throws(() => network.predict(new Float32Array(64).fill(NaN)), /from 0 to 1/);
    assert.throws(() => network.add(new Float32Array(64), 10), /from 0 to 9/);
    assert.throws(() => network.step(), /no examples/);
    assert.throws(() => { network.weights = new Float32Array(3); }, /do not fit/);
    assert.throws(() => decode(network.layout(), bytes.slice(0, 100)), /truncated/);
    assert.throws(() => decode('[["0.kernel",[1]]]', bytes), /no tensor 0.kernel/);
});

test("decode refuses broken headers", async () => {
    const { decode } = await import(digits);
    const file = (header) => {
        const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
        const bytes = new Uint8Array(8 + json.length + 8);
        new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
        bytes.set(json, 8);
        return bytes;
    };
    const x = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
    const tensor = (changed) => file({ x: { ...x, ...changed } });
    const read = (bytes) => decode('[["x",[2]]]', bytes);
    assert.deepEqual(read(tensor({})), { weights: new Float32Array(2), metadata: {} });
    assert.deepEqual(read(file({ __metadata__: null, x })).metadata, {});
    for (const json of ["", "{", "null", "1"]) assert.throws(() => read(file(json)), /not a safetensors file/, json);
    for (const length of [0, 7]) assert.throws(() => read(new Uint8Array(length)), /not a safetensors file/);
    for (const offsets of [[-8, 0], [0.5, 8.5], [8, 0], [0, 4], [0], ["0", 8], [null, 8], null, "08", { 0: 0, 1: 8 }]) {
        assert.throws(() => read(tensor({ data_offsets: offsets })), /offsets of x/, JSON.stringify(offsets));
    }
    assert.throws(() => read(tensor({ data_offsets: undefined })), /offsets of x/);
    assert.throws(() => read(tensor({ data_offsets: [4, 12] })), /truncated: .* x/);
    assert.throws(() => read(tensor({ shape: "2" })), /x has shape "2", not \[2\]/);
    assert.throws(() => read(tensor({ shape: { toString: 1 } })), /x has shape/);
    assert.throws(() => read(tensor({ dtype: undefined })), /x is in undefined/);
    assert.throws(() => read(file({ x: null })), /no tensor x/);
});

test("a network of the template learns XOR", async () => {
    const { Model, load } = await import(template);
    await load();
    const model = new Model(0.05, 1);
    const samples = new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]);
    let loss;
    for (let step = 0; step < 500; step++) loss = model.step(samples, new Float32Array([0, 1, 1, 0]));
    assert(loss < 0.1, String(loss));
    assert(model.predict(new Float32Array([1, 0]))[0] > 0.8);
    assert.throws(() => model.predict(new Float32Array(3)));
    assert.throws(() => model.step(new Float32Array(3), new Float32Array(1)), /incomplete/);
    assert.throws(() => { model.weights = model.weights.fill(NaN); }, /not finite/);
});
