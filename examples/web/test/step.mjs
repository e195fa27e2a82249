// Measures a training step in node, as `examples/step.rs` does on the processor: node test/step.mjs, or with `plain`.
import { readFileSync } from "node:fs";

import { Recognizer, load } from "../dist/digits/index.js";

const build = process.argv[2] ?? "simd";
await load(readFileSync(new URL(`../dist/digits/${build}.wasm`, import.meta.url)));
const network = new Recognizer();
for (let digit = 0; digit < 10; digit++) {
    network.add(Float32Array.from({ length: 64 }, (_, pixel) => Number(pixel % 10 === digit)), digit);
}
let fastest = Infinity;
for (let run = 0; run < 20; run++) {
    const start = performance.now();
    for (let step = 0; step < 100; step++) network.step();
    fastest = Math.min(fastest, ((performance.now() - start) * 1000) / 100);
}
console.log(`${build}: ${fastest.toFixed(0)} µs for a step`);
