// Loads the network, in browsers and in node.
import init from "./network.js";

export * from "./network.js";
export { decode, encode } from "./safetensors.js";

// The smallest module with an instruction of SIMD: `i8x16.splat`.
const SPLAT = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11];

export const build = globalThis.WebAssembly?.validate(new Uint8Array(SPLAT)) ? "simd" : "plain";

export async function load(bytes) {
    const module = await WebAssembly.compile(bytes ?? (await read(new URL(`${build}.wasm`, import.meta.url))));
    await init({ module_or_path: module });
}

async function read(url) {
    if (url.protocol === "file:") return (await import("node:fs/promises")).readFile(url);
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
    return response.arrayBuffer();
}
