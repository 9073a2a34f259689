// ocelli.js in node: the C library's results, what it refuses, and what it learns.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { fit, load } from "../../runtime/web/ocelli.js";
import { hash } from "../../runtime/web/page/firmware.js";
import { noise, photographs, ROOT } from "./fixture.mjs";

const wasm = await readFile(process.env.OCELLI_WASM ?? `${ROOT}runtime/web/ocelli.wasm`);
const nano = await readFile(`${ROOT}trainer/models/nano/full.bin`);
const plain = await readFile(`${ROOT}trainer/models/nano/model.bin`);
const images = await photographs();

/** Checks that loading is refused with a message. */
const refused = (message, ...args) => assert.rejects(load(...args), { name: "OcelliError", message });

test("the logits of golden networks are those of every processor", async () => {
  for (const name of ["tiny", "tiny_attributes", "tiny_seed"]) {
    const golden = (ending) => readFile(`${ROOT}tests/golden/v1/${name}.${ending}`);
    const model = await load(await golden("bin"), { wasm });
    const { logits } = model.run(new Uint8Array(await golden("rgb")));
    const line = (await golden("sites")).toString().split("\n").find((line) => line.startsWith("logits "));
    assert.equal(hash(logits), line.split(" ").at(-1), name);
  }
});

test("evidence and bias are the logit, and the largest logit is first", async () => {
  const model = await load(nano, { wasm });
  const sums = images.map((image) => {
    const result = model.run(image);
    const top = result.top();
    assert.equal(top.length, 10, "all classes");
    assert.equal(top[0].logit, Math.max(...result.logits), "the largest logit");
    assert.ok(Math.abs(top.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-3, "probabilities");
    assert.equal(model.classes[top[0].index], top[0].name, "its name");
    const sum = (map) => map.reduce((all, value) => all + value, 0);
    const difference = sum(result.difference(3, 5));
    assert.equal(difference, sum(result.evidence(3)) - sum(result.evidence(5)), "a difference");
    return result.logits[3] - sum(result.evidence(3));
  });
  assert.equal(new Set(sums).size, 1, "the bias is the same for every image");
  const attributes = model.run(images[0]).attributes();
  assert.equal(attributes.length, model.attributes.length, "attributes");
  assert.ok(attributes.find(({ name }) => name === "fur").probability > 0.9, "a cat has fur");
});

test("an old result is refused", async () => {
  const model = await load(nano, { wasm });
  const first = model.run(images[0]);
  model.run(images[1]);
  assert.throws(() => first.top(), /no longer valid/);
  assert.throws(() => model.run(images[0].subarray(1)), /3071 bytes/);
});

test("what is learned is found, forgotten, and written as an index", async () => {
  const model = await load(nano, { wasm, room: 6 });
  const memory = model.bytes.memory;
  images.slice(0, 6).forEach((image, index) => {
    model.run(image);
    assert.equal(model.learn(index < 3 ? "Käse" : "two"), index, "its number");
  });
  assert.throws(() => model.learn("more"), /room for 6/);
  const nearest = model.run(images[4]).nearest(2, "appearance");
  assert.deepEqual([nearest[0].id, nearest[0].label, nearest[0].distance], [4, "two", 0], "the picture itself");
  assert.ok(nearest[1].distance > 0, "another picture");
  assert.ok(model.forget(4) && !model.forget(4), "forgotten once");
  assert.notEqual(model.run(images[4]).nearest(1)[0].id, 4, "not found again");
  const index = model.exportIndex();
  const again = await load(nano, { wasm, room: 6, learned: index });
  assert.deepEqual(again.learned, model.learned, "what was learned");
  assert.deepEqual(again.exportIndex(), index, "the same bytes");
  const known = await load(nano, { wasm, index });
  known.run(images[4]);
  known.learn("mine");
  const both = known.run(images[4]).nearest(6, "appearance");
  assert.deepEqual(both.map(({ learned }) => learned), [true, false, false, false, false, false], "both are searched");
  assert.equal(known.bytes.memory, memory + 0x10000 * Math.round((known.bytes.memory - memory) / 0x10000), "whole pages");
  for (const { id } of again.learned) again.forget(id);
  assert.equal(again.exportIndex(), null, "nothing is left");
  for (const name of ["", "  ", "a\nb", 7]) assert.throws(() => model.learn(name), /name/, `the name ${name}`);
});

test("broken and foreign files are refused in words", async () => {
  const damaged = Uint8Array.from(nano);
  damaged[5000] ^= 1;
  await refused(/the model .* damaged/, damaged, { wasm });
  await refused(/the model .* fewer or more/, nano.subarray(0, 999), { wasm });
  await refused(/the model .* not a blob/, new TextEncoder().encode("<!doctype html>".repeat(9)), { wasm });
  await refused(/the model .* too few/, new Uint8Array(), { wasm });
  const model = await load(nano, { wasm });
  model.run(images[0]);
  model.learn("cat");
  const index = model.exportIndex();
  await refused(/no fingerprints/, plain, { wasm, index });
  await refused(/another network/, await readFile(`${ROOT}trainer/models/micro/full.bin`), { wasm, index });
  await refused(/the index .* damaged/, nano, { wasm, index: index.map((byte, at) => (at === 60 ? byte ^ 1 : byte)) });
  await refused(/the index .* not a blob, or not an index/, nano, { wasm, index: nano });
  await refused(/cannot be fetched/, "http://localhost:9/model.bin", { wasm });
});

test("the hash is FNV-1a", () => {
  assert.equal(hash([]), "cbf29ce484222325");
  assert.equal(hash([0x626f6f66]), hash(new Int32Array(new TextEncoder().encode("foob").buffer)), "little-endian bytes");
});

test("pictures of any size become the bytes that the trainer makes", async () => {
  const sizes = (await readFile(new URL("fit.txt", import.meta.url), "utf8")).trim().split("\n");
  assert.equal(sizes.length, 12, "sizes");
  for (const size of sizes) {
    const [width, height, toWidth, toHeight, expected] = size.split(" ");
    const picture = { data: noise(3 * width * height), width: +width, height: +height };
    let value = 0xcbf29ce484222325n;
    for (const byte of fit(picture, +toWidth, +toHeight)) value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
    assert.equal(value.toString(16).padStart(16, "0"), expected, size);
  }
});

test("white lies behind what is transparent", () => {
  const half = { data: Uint8Array.from({ length: 4 * 1024 }, (_, at) => (at % 4 === 3 ? 128 : 0)), width: 32, height: 32 };
  assert.deepEqual(new Set(fit(half, 32, 32)), new Set([127]), "half black on white");
  assert.throws(() => fit({ data: new Uint8Array(7), width: 2, height: 2 }, 32, 32), RangeError);
});
