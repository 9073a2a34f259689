// Times one image of a network in WebAssembly: this runtime beside onnxruntime-web, in one process, on one thread.
//
//   npm install                                   in this folder, once: gets onnxruntime-web
//   node compare.mjs BLOB ONNX [BLOB ONNX ...]    pairs of the same network: ours, and for onnxruntime-web
//
// Options, before the pairs:
//
//   --wasm FILE      the runtime; without it, the file that the command below writes
//   --seconds S      time for each engine in all rounds together, 5 if not given
//   --rounds R       the engines take turns in R rounds, 10 if not given
//
// The runtime is the C library, built as a module with vectors:
//
//   RUSTFLAGS=-Ctarget-feature=+simd128 cargo build --release --target wasm32-unknown-unknown \
//       --manifest-path runtime/c/Cargo.toml --target-dir target/c/targets
//
// A call of ours starts from the bytes of an image and ends at the logits. A call of onnxruntime-web starts from its
// input tensor. If the network reads tokens, it does not have to cut the image into patches, which we do. Inputs are
// random, because times do not depend on them.
//
// The result is the shortest call, the lower quartile and the median of each engine, in ms, and the ratio of ours to
// the other. If onnxruntime-web is not installed, ours is timed alone, `SKIPPED` is printed, and the exit code is 3.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { basename } from "node:path";

/** Calls of an engine before the first timed one, after which it is compiled with all optimisations. */
const WARM_UP = 300;
/** `OCELLI_MODEL_SIZE` of a processor with pointers of 32 bits, and the size of `ocelli_output` there. */
const MODEL_SIZE = 5120;
const OUTPUT_SIZE = 80;

const options = { wasm: defaultModule(), seconds: 5, rounds: 10 };
const pairs = parseArguments(process.argv.slice(2));
const ort = await onnxRuntime();
for (const [blob, onnx] of pairs) {
  const engines = [await ours(blob)];
  if (ort) engines.push(await theirs(onnx));
  await takeTurns(engines);
  report(basename(blob), engines);
}
if (!ort) {
  console.error("SKIPPED: onnxruntime-web is not installed, so nothing was compared: run `npm install` in benches/web");
  process.exit(3);
}

/** Where cargo puts the module. */
function defaultModule() {
  return fileURLToPath(new URL("../../target/c/targets/wasm32-unknown-unknown/release/ocelli.wasm", import.meta.url));
}

/** Reads options into `options`; returns the pairs of files. */
function parseArguments(words) {
  while (words[0]?.startsWith("--")) {
    const name = words.shift().slice(2);
    const value = words.shift();
    if (!(name in options) || value === undefined) usage();
    options[name] = name === "wasm" ? value : Number(value);
  }
  if (!(options.seconds > 0 && options.rounds >= 1)) usage();
  if (words.length === 0 || words.length % 2) usage();
  return Array.from({ length: words.length / 2 }, (_, i) => words.slice(2 * i, 2 * i + 2));
}

function usage() {
  console.error("usage: node compare.mjs [--wasm FILE] [--seconds S] [--rounds R] BLOB ONNX [BLOB ONNX ...]");
  process.exit(2);
}

async function onnxRuntime() {
  try {
    return await import("onnxruntime-web");
  } catch (error) {
    if (error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** This runtime with a blob. */
async function ours(path) {
  const blob = await readFile(path);
  const { instance } = await WebAssembly.instantiate(await readFile(options.wasm), {});
  const runtime = instance.exports;
  // The library has no heap. All memory from the end of its own is free for this program.
  let end = runtime.__heap_base.value;
  const reserve = (length) => {
    const start = (end + 63) & ~63;
    end = start + length;
    const missing = end - runtime.memory.buffer.byteLength;
    if (missing > 0) runtime.memory.grow(Math.ceil(missing / 65536));
    return start;
  };
  const bytes = () => new Uint8Array(runtime.memory.buffer);
  const words = (at, length) => new Uint32Array(runtime.memory.buffer, at, length);
  const check = (status) => {
    if (status !== 0) throw new Error(`${path}: the runtime returns status ${status}`);
  };
  const [place, memory, pointer, info] = [blob.length, MODEL_SIZE, 4, 36].map(reserve);
  bytes().set(blob, place);
  check(runtime.ocelli_parse(place, blob.length, memory, MODEL_SIZE, pointer));
  const [model] = words(pointer, 1);
  check(runtime.ocelli_model_info(model, info));
  const imageLength = words(info, 9)[2];
  const arenaLength = words(info, 9)[8];
  const [image, arena, output] = [imageLength, arenaLength, OUTPUT_SIZE].map(reserve);
  bytes().set(Uint8Array.from({ length: imageLength }, () => Math.random() * 256), image);
  const run = () => check(runtime.ocelli_run(model, image, imageLength, arena, arenaLength, output));
  return { name: "ours", run, times: [] };
}

/** onnxruntime-web with a network. */
async function theirs(path) {
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(await readFile(path), {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
  });
  const [input] = session.inputMetadata;
  const shape = input.shape.map((length) => (typeof length === "number" && length > 0 ? length : 1));
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => Math.random() * 2 - 1);
  const feeds = { [input.name]: new ort.Tensor("float32", values, shape) };
  return { name: `onnxruntime-web ${ort.env.versions.web ?? ""}`.trim(), run: () => session.run(feeds), times: [] };
}

async function takeTurns(engines) {
  for (const engine of engines) {
    for (let call = 0; call < WARM_UP; call++) await engine.run();
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const engine of engines) {
      const end = performance.now() + (1000 * options.seconds) / options.rounds;
      while (performance.now() < end) {
        const start = performance.now();
        await engine.run();
        engine.times.push(performance.now() - start);
      }
    }
  }
}

function report(network, engines) {
  const figures = engines.map(({ times }) => {
    times.sort((a, b) => a - b);
    return [0, 0.25, 0.5].map((part) => times[Math.floor(part * times.length)]);
  });
  console.log(`${network}: shortest, lower quartile, median of one image`);
  engines.forEach(({ name, times }, index) => {
    const all = figures[index].map((ms) => `${ms.toFixed(3)} ms`).join(", ");
    console.log(`  ${name}: ${all}, ${times.length} calls`);
  });
  if (engines.length > 1) {
    console.log(`  ratio: ${figures[0].map((ms, part) => (ms / figures[1][part]).toFixed(3)).join(", ")}`);
  }
}
