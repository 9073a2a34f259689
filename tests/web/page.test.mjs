// The page in Chromium: `run` gives the folder of a page with an index as OCELLI_PAGE.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { after, before, beforeEach } from "node:test";
import { start } from "./browser.mjs";
import { noise, photographs, png, ROOT } from "./fixture.mjs";
import { serve } from "./server.mjs";

const PAGE = process.env.OCELLI_PAGE;
const SCRATCH = process.env.OCELLI_SCRATCH;
let browser;
let server;
let images;

before(async () => {
  images = await photographs();
  server = await serve(PAGE);
  browser = await start();
});
after(async () => {
  await browser?.stop();
  server?.close();
});
beforeEach(() => ready());

const shown = "return document.querySelector(arguments[0]).textContent";
const message = () => browser.until("a message", "return document.querySelector('#message:not([hidden])')?.textContent");

async function ready() {
  server.state.down = false;
  await browser.open(server.url);
  await browser.until("the page", "return !document.querySelector('main').hidden");
}

/** Writes a file and gives it to the page's file picker. */
async function choose(name, bytes) {
  const path = join(SCRATCH, name);
  await writeFile(path, bytes);
  await browser.type("#file", path);
}

/** Shows a sample, numbered from 0. */
async function sample(index) {
  await browser.click(`#samples button:nth-child(${index + 1})`);
}

test("the page answers at once, asks no other server, and breaks no rule of its policy", async () => {
  assert.equal(await browser.run(shown, "#answer"), "cat", "the first sample");
  const evidence = await browser.run("return !document.getElementById('overlay').hidden");
  assert.ok(evidence, "evidence over the picture");
  assert.deepEqual(await browser.run("return document.querySelectorAll('#classes li').length"), 5, "classes");
  assert.ok((await browser.text("#attributes")).includes("fur"), "attributes");
  const hosts = await browser.run("return performance.getEntriesByType('resource').map(({ name }) => new URL(name).host)");
  assert.deepEqual([...new Set(hosts)], [new URL(server.url).host], "servers");
  const policy = await browser.run("return document.querySelector('meta[http-equiv]').content");
  assert.match(policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
  const blocked = await browser.run(`return new Promise((resolve) => {
    const blocked = [];
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
      if (blocked.push(effectiveDirective) === 3) resolve(blocked.sort());
    });
    document.head.append(Object.assign(document.createElement("script"), { textContent: "document.title = 'inline'" }));
    document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/" }));
    fetch("http://127.0.0.1:9/").catch(() => {});
  })`);
  assert.deepEqual(blocked, ["connect-src", "img-src", "script-src-elem"], "the policy is in force");
  const faults = (await browser.log()).filter(({ level, message }) => level === "SEVERE" && !/127\.0\.0\.1|inline/.test(message));
  assert.deepEqual(faults, [], "the console");
});

test("the hash of ten images is the firmware's, and that of 1,000 images the golden one", async () => {
  await browser.click("#compare");
  const hash = await browser.until("a verdict", "return document.querySelector('#hash[data-verdict=equal] code')?.textContent");
  const { hash: expected } = JSON.parse(await readFile(join(PAGE, "page.json"), "utf8"));
  assert.equal(hash, expected, "ten images");
  if (process.env.OCELLI_BOARD_HASH) assert.equal(hash, process.env.OCELLI_BOARD_HASH, "what a board prints");
  const golden = (await readFile(`${ROOT}tests/golden/v1/micro.logits`, "utf8")).trim();
  const bytes = async (path) => (await readFile(ROOT + path)).toString("base64");
  const strips = await Promise.all([0, 1].map((strip) => bytes(`trainer/assets/test_${strip}.webp`)));
  const found = await browser.run(`return (async (model, strips) => {
    const { load } = await import("./ocelli.js");
    const { hash } = await import("./firmware.js");
    const { decode } = await import("./sources.js");
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const network = await load(bytes(model));
    const logits = [];
    for (const strip of strips) {
      const bitmap = await createImageBitmap(new Blob([bytes(strip)]), { colorSpaceConversion: "none" });
      for (let image = 0; image < 500; image++) {
        const canvas = new OffscreenCanvas(32, 32);
        canvas.getContext("2d").drawImage(bitmap, 0, -32 * image);
        logits.push(...network.run(canvas.getContext("2d").getImageData(0, 0, 32, 32)).logits);
      }
    }
    return hash(logits);
  })(...arguments)`, await bytes("tests/golden/v1/micro.bin"), strips);
  assert.equal(found, golden, "1,000 images");
});

test("a picture file of any size is classified as on a computer", async () => {
  await choose("frog.png", png(images[7], 32, 32));
  await browser.until("the frog", "return document.getElementById('answer').textContent === 'frog'");
  // The library has this result from the same bytes.
  const picture = { data: noise(3 * 640 * 480), width: 640, height: 480 };
  await choose("noise.png", png(picture.data, 640, 480));
  const { load } = await import("../../runtime/web/ocelli.js");
  const [blob, wasm] = await Promise.all(["model.bin", "ocelli.wasm"].map((file) => readFile(join(PAGE, file))));
  const top = (await load(blob, { wasm })).run(picture).top(1)[0];
  await browser.until("the noise", `return document.getElementById("answer").textContent === arguments[0]
    && document.getElementById("sure").textContent.startsWith(String(Math.round(arguments[1])))`, top.name, 100 * top.probability);
});

test("a picture can be dropped and pasted", async () => {
  const frog = png(images[7], 32, 32).toString("base64");
  for (const [event, property] of [["DragEvent", "dataTransfer"], ["ClipboardEvent", "clipboardData"]]) {
    await sample(1);
    assert.equal(await browser.text("#answer"), "ship", "before");
    await browser.run(`const files = new DataTransfer();
      files.items.add(new File([Uint8Array.from(atob(arguments[0]), (letter) => letter.charCodeAt(0))], "frog.png"));
      const type = arguments[1] === "DragEvent" ? "drop" : "paste";
      document.dispatchEvent(new window[arguments[1]](type, { [arguments[2]]: files, cancelable: true }));`, frog, event, property);
    await browser.until(event, "return document.getElementById('answer').textContent === 'frog'");
  }
});

test("a class, then an attribute is chosen, and its evidence is shown", async () => {
  const map = "const c = document.getElementById('overlay'); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.join()";
  const first = await browser.run(map);
  const [best, name] = await browser.run("return [...document.querySelectorAll('#classes .name')].map(({ textContent }) => textContent)");
  assert.notEqual(name, best, "there is a second class");
  await browser.click("#classes li:nth-child(2) button");
  const second = await browser.run(map);
  assert.notEqual(second, first, "another class");
  assert.equal(await browser.text("#for"), `evidence for ${name}`, "it is named");
  assert.equal(await browser.run("return document.querySelectorAll('[aria-pressed=true]').length"), 1, "one is marked");
  await browser.click("#attributes li:nth-child(1) button");
  assert.notEqual(await browser.run(map), second, "an attribute");
  await browser.click(".switch");
  assert.ok(await browser.run("return document.getElementById('overlay').hidden"), "switched off");
});

test("the camera runs, with evidence, and stops", async () => {
  await browser.click("#camera");
  const rate = await browser.until("frames", "return document.getElementById('frames').textContent.match(/^(\\d+) . s$/)?.[1]");
  assert.ok(Number(rate) > 0, "frames in a second");
  assert.ok(await browser.run("return !document.getElementById('video').hidden && !document.getElementById('overlay').hidden"), "both are shown");
  await browser.click("#camera");
  assert.ok(await browser.run("return document.getElementById('video').srcObject === null"), "the camera is free");
  assert.ok(await browser.run("return !document.getElementById('picture').hidden"), "the last picture stays");
});

test("a camera that does not start is told in plain words", async () => {
  for (const [name, expected] of [["NotFoundError", /no camera/], ["NotAllowedError", /does not allow/], ["NotReadableError", /Another program/]]) {
    await browser.run("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', arguments[0]))", name);
    await browser.click("#camera");
    assert.match(await message(), expected, name);
    assert.equal(await browser.run("return document.getElementById('camera').getAttribute('aria-pressed')"), "false", "off");
    await sample(1);
  }
});

test("nearest pictures of the index are shown with their small pictures", async () => {
  await sample(4);
  const found = await browser.until("what is like it", "return [...document.querySelectorAll('#found li')].map((item) => [item.title, Boolean(item.querySelector('canvas'))])");
  assert.equal(found.length, 5, "the nearest five");
  assert.match(found[0][0], /^frog\/4\.png, distance 0$/, "the picture itself");
  assert.ok(found.every(([, picture]) => picture), "small pictures");
});

test("a thing is learned by five presses, found, kept, saved and forgotten", async () => {
  const name = "<img src=x onerror=alert(1)>";
  await browser.type("#name", name);
  for (let press = 0; press < 5; press++) {
    await choose(`thing-${press}.png`, png(images[9].map((byte) => byte ^ press), 32, 32));
    await browser.until("the picture", "return document.getElementById('message').hidden");
    await browser.click("#learn");
  }
  assert.match(await browser.text("#learn-status"), /is learned/);
  assert.ok((await browser.text("#found")).includes(name), "the name is text");
  assert.equal(await browser.run("return document.querySelectorAll('img[onerror]').length"), 0, "and nothing else");
  await ready();
  assert.ok((await browser.text("#things")).includes(name), "kept after a visit");
  const saved = await browser.run(`return (async () => {
    const made = new Promise((resolve) => { const old = URL.createObjectURL; URL.createObjectURL = (blob) => (resolve(blob), old.call(URL, blob)); });
    document.getElementById("save").click();
    return [...new Uint8Array(await (await made).arrayBuffer())];
  })()`);
  const { load } = await import("../../runtime/web/ocelli.js");
  const [blob, wasm] = await Promise.all(["model.bin", "ocelli.wasm"].map((file) => readFile(join(PAGE, file))));
  const model = await load(blob, { wasm, index: Uint8Array.from(saved) });
  assert.equal(model.known, 5, "entries of the saved index");
  assert.equal(model.run(images[9]).nearest(1)[0].label, name, "found in it");
  await browser.click("#things button");
  assert.equal(await browser.text("#things"), "", "forgotten");
  await ready();
  assert.equal(await browser.text("#things"), "", "for ever");
});

test("an empty name is not learned", async () => {
  await browser.click("#learn");
  assert.match(await message(), /name first/);
});

test("broken files are told in plain words, and the page goes on", async () => {
  const nano = await readFile(join(PAGE, "model.bin"));
  for (const [name, bytes, expected] of [
    ["broken.png", "nothing", /broken\.png is not a picture that this browser can read/],
    ["cut.png", png(images[0], 32, 32).subarray(0, 60), /cut\.png is not a picture/],
    ["model.bin", nano.subarray(0, 5000), /the model cannot be used: the bytes are fewer/],
    ["index.bin", "OCIX and nothing else", /the index cannot be used/],
  ]) {
    await choose(name, bytes);
    assert.match(await message(), expected, name);
    await sample(4);
    assert.equal(await browser.text("#answer"), "frog", "still works");
    assert.ok(await browser.run("return document.getElementById('message').hidden"), "the message is gone");
  }
});

test("another model and another index can be opened", async () => {
  await choose("micro.bin", await readFile(`${ROOT}trainer/models/micro/full.bin`));
  await browser.until("the model", "return document.getElementById('about').textContent.includes('247 KB')");
  await choose("index.bin", await readFile(join(PAGE, "index.bin")));
  assert.match(await message(), /another network/);
  await choose("plain.bin", await readFile(`${ROOT}trainer/models/nano/model.bin`));
  await browser.until("no search", "return document.getElementById('search-card').hidden");
});

test("the code of README.md runs as it is written", async () => {
  const [, code] = (await readFile(`${ROOT}README.md`, "utf8")).match(/```js\n([^]*?)```/);
  server.state.extra.set("/readme.js", code);
  const printed = await browser.run(`return new Promise((resolve) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [640, 480];
    document.body.prepend(canvas);
    console.log = (...values) => resolve(values);
    document.head.append(Object.assign(document.createElement("script"), { type: "module", src: "readme.js" }));
  })`);
  assert.equal(typeof printed[0], "string", "a class");
  assert.ok(printed[1] > 0 && printed[1] <= 1, "its probability");
  assert.equal(Object.keys(printed[2]).length, 64, "evidence");
});

test("it works without a network after the first visit", async () => {
  await browser.until("the worker", "return navigator.serviceWorker.ready.then(() => Boolean(navigator.serviceWorker.controller))");
  server.state.down = true;
  await browser.open(server.url);
  await browser.until("the page", "return !document.querySelector('main').hidden");
  assert.equal(await browser.text("#answer"), "cat", "from the browser's own files");
});

test("keyboard and screen reader find every control", async () => {
  const nameless = await browser.run(`return [...document.querySelectorAll("button, input:not([hidden]), select")]
    .filter((control) => !control.textContent.trim() && !control.getAttribute("aria-label") && !control.labels?.length)
    .map((control) => control.outerHTML)`);
  assert.deepEqual(nameless, [], "controls without a name");
  const { nodes } = await browser.devtools("Accessibility.getFullAXTree", {});
  const named = (role, name) => nodes.some((node) => node.role?.value === role && name.test(node.name?.value ?? ""));
  for (const [role, name] of [["button", /^Camera$/], ["switch", /Evidence/], ["image", /It shows cat/], ["textbox", /Name of the new thing/]]) {
    assert.ok(named(role, name), `${role} ${name}`);
  }
  const order = await browser.run("return [...document.querySelectorAll('button, input, select')].filter((each) => each.tabIndex > 0).length");
  assert.equal(order, 0, "the order is that of the page");
});

test("a narrow window shows one column, and none scrolls sideways", async () => {
  // It has attributes with long names.
  await sample(1);
  for (const [width, columns] of [[320, 1], [390, 1], [820, 1], [880, 2], [1280, 2]]) {
    await browser.devtools("Emulation.setDeviceMetricsOverride", { width, height: 844, deviceScaleFactor: 1, mobile: true });
    const [needed, shown] = await browser.run("return [document.documentElement.scrollWidth, getComputedStyle(document.querySelector('main')).gridTemplateColumns.split(' ').length]");
    assert.ok(needed <= width, `${needed} pixels in a window of ${width}`);
    assert.equal(shown, columns, `columns in a window of ${width}`);
  }
  await browser.devtools("Emulation.clearDeviceMetricsOverride", {});
});
