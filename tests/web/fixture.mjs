// Pictures and files that the tests make.
import { readFile } from "node:fs/promises";
import * as zlib from "node:zlib";

export const ROOT = new URL("../../", import.meta.url).pathname;

/** The firmware's ten images, as bytes of 32 × 32 pixels each. */
export async function photographs() {
  const bytes = new Uint8Array(await readFile(`${ROOT}tests/firmware/images/cifar10_test_0_9.rgb`));
  return Array.from({ length: 10 }, (_, index) => bytes.slice(3072 * index, 3072 * (index + 1)));
}

/** Bytes of noise, the same as in the test of `trainer/pictures/src/fit.rs`. */
export function noise(length) {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

/** A PNG file of red, green and blue bytes. */
export function png(pixels, width, height) {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(3 * width * y, 3 * width * (y + 1)), y * (1 + 3 * width) + 1);
  const word = (value) => Buffer.from(Uint32Array.of(value).buffer).reverse();
  const chunk = (name, bytes) => {
    const named = Buffer.concat([Buffer.from(name), bytes]);
    return Buffer.concat([word(bytes.length), named, word(crc(named))]);
  };
  const header = Buffer.concat([word(width), word(height), Buffer.from([8, 2, 0, 0, 0])]);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", zlib.deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

/** CRC-32; older versions of node have none. */
function crc(bytes) {
  if (zlib.crc32) return zlib.crc32(bytes);
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
