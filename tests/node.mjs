// Runs a test program for wasm32-unknown-unknown: `node node.mjs PROGRAM.wasm`. Such a program
// cannot print; the first test that fails traps, which ends this with an error.
import { readFile } from "node:fs/promises";

const { instance } = await WebAssembly.instantiate(await readFile(process.argv[2]), {});
const status = instance.exports.main(0, 0);
if (status !== 0) throw new Error(`the tests end with ${status}`);
