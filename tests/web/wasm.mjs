// Compares a new build of ocelli.wasm with the file of the sources: `node wasm.mjs BUILT KEPT`.
import { readFile } from "node:fs/promises";

const text = new TextDecoder();
const files = await Promise.all(process.argv.slice(2, 4).map((path) => readFile(path)));
const [built, kept] = files.map((bytes) => {
  const module = new WebAssembly.Module(bytes);
  return {
    bytes,
    compiler: text.decode(WebAssembly.Module.customSections(module, "producers")[0]),
    exports: WebAssembly.Module.exports(module).map(({ name }) => name).sort().join(" "),
    imports: WebAssembly.Module.imports(module).length,
  };
});
const fail = (fault) => {
  console.error(`runtime/web/ocelli.wasm ${fault}: runtime/web/build writes it again`);
  process.exit(1);
};
if (kept.imports !== 0) fail("needs functions from outside");
if (kept.exports !== built.exports) fail("has other functions than the sources");
if (built.compiler === kept.compiler) {
  if (!built.bytes.equals(kept.bytes)) fail("is not what the sources give");
  console.log("ocelli.wasm has the bytes that the sources give");
} else {
  const name = ({ compiler }) => compiler.replace(/[^ -~]+/g, " ").trim();
  console.log(`NOTE: ocelli.wasm is from another compiler, so that only its functions are compared.
  kept:  ${name(kept)}
  built: ${name(built)}`);
}
