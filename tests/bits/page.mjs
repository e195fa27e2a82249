// Runs a WebAssembly build of this crate: node page.mjs bits.wasm
import { readFileSync } from "node:fs";

const line = (start, length) => console.log(new TextDecoder().decode(new Uint8Array(page.memory.buffer, start, length)));
const { instance: { exports: page } } = await WebAssembly.instantiate(readFileSync(process.argv[2]), { env: { line } });
process.exit(page.failed());
