// Prints the bytes of a page as they are and as gzip makes them: `node size.mjs FOLDER`.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const names = await readdir(process.argv[2]);
// The types are for programmers; the page does not ask for them.
const files = names.filter((name) => !name.endsWith(".d.ts"));
let [all, packed] = [0, 0];
for (const name of files) {
  const bytes = await readFile(join(process.argv[2], name));
  const small = gzipSync(bytes, { level: 9 }).length;
  console.log(`${String(bytes.length).padStart(8)} ${String(small).padStart(8)}  ${name}`);
  all += bytes.length;
  packed += small;
}
console.log(`${String(all).padStart(8)} ${String(packed).padStart(8)}  in all`);
