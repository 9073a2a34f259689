// Writes the firmware's ten images as `LABEL/NUMBER.png`, and two darker ones of each: `node known.mjs FOLDER`.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { photographs, png } from "./fixture.mjs";

const LABELS = ["cat", "ship", "ship", "airplane", "frog", "frog", "automobile", "frog", "cat", "automobile"];

for (const [index, pixels] of (await photographs()).entries()) {
  const folder = join(process.argv[2], LABELS[index]);
  await mkdir(folder, { recursive: true });
  for (const darker of [0, 1, 2]) {
    const shade = pixels.map((byte) => byte >> darker);
    await writeFile(join(folder, `${index + 10 * darker}.png`), png(shade, 32, 32));
  }
}
