export * from "./network.js";

/** The build that this browser runs: with 128-bit SIMD or without. */
export const build: "simd" | "plain";

/** Loads the WebAssembly. Call it before anything else. `bytes` replace the file of the package, for pages without one. */
export function load(bytes?: BufferSource): Promise<void>;

/** Returns a safetensors file of these weights, in the order of `layout`. */
export function encode(layout: string, weights: Float32Array, metadata?: Record<string, string>): Uint8Array;

/** Reads a safetensors file. It throws an error that names the first difference to `layout`. */
export function decode(
    layout: string,
    file: BufferSource,
): { weights: Float32Array; metadata: Record<string, string> };
