// Prints the bytes of a page as they are, and as gzip and Brotli make them: `node size.mjs FOLDER`.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const names = await readdir(process.argv[2]);
// The types are for programmers; the page does not ask for them.
const files = names.filter((name) => !name.endsWith(".d.ts"));
const sums = [0, 0, 0];
const line = (sizes, name) => console.log(`${sizes.map((size) => String(size).padStart(8)).join(" ")}  ${name}`);
for (const name of files) {
  const bytes = await readFile(join(process.argv[2], name));
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
  line(sizes, name);
  sizes.forEach((size, at) => { sums[at] += size; });
}
line(sums, "in all");
