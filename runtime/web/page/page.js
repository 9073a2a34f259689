// The page: shows what a network sees in a picture, and where.

import { load } from "./ocelli.js";
import { Overlay } from "./evidence.js";
import * as firmware from "./firmware.js";
import * as learned from "./learned.js";
import { Bars, bytes, percent, showFound, showThings, write } from "./lists.js";
import { Camera, centre, decode, magic } from "./sources.js";
import * as thumbnails from "./thumbnails.js";

const LISTED = 5;
/** Width of the shown picture in pixels. */
const SHOWN = 640;
/** Pictures of a new thing. */
const SHOTS = 5;
/** Milliseconds between two changes of the lists while the camera runs, so that they can be read. */
const CALM = 160;

const place = (id) => document.getElementById(id);
const [picture, video, message] = [place("picture"), place("video"), place("message")];

let model;
let overlay;
let result;
/** The network's input for the picture that is shown. */
let input;
/** The class or attribute whose evidence is shown: the most probable class if `null`. */
let target = null;
/** The pictures of what was learned and of the index. */
let pictures = new Map();
let known = () => null;
/** What the firmware's hash is for the model of this page. */
let expected = null;
let photographs;
let wasm;
/** Pictures of the new thing so far. */
let shots = { label: "", count: 0 };
let listed = 0;
/** Whether the browser is asking for the camera. */
let starting = false;
let frames = [];

const camera = new Camera(video);
const classes = new Bars(place("classes"), (value) => choose("classes", value.index));
const attributes = new Bars(place("attributes"), (value) => choose("attributes", value.index));

// ---- what is shown

function choose(kind, index) {
  target = isTarget(kind, index) ? null : { kind, index };
  show();
}

const isTarget = (kind, index) => target?.kind === kind && target.index === index;

/** Runs the network on pixels, and shows the result. */
function look(pixels, prepared = 0) {
  const start = performance.now();
  input = model.input(pixels);
  const middle = performance.now();
  result = model.run(input);
  const end = performance.now();
  show();
  time(end - middle, middle - start + prepared);
}

function show() {
  if (!result) return;
  const top = result.top(LISTED);
  overlay.show(place("evidence").checked ? evidence(top) : null);
  if (camera.on && performance.now() - listed < CALM) return;
  listed = performance.now();
  write(place("answer"), top[0].name);
  write(place("sure"), percent(top[0].probability));
  write(place("for"), target ? `evidence for ${model[target.kind][target.index]}` : "");
  classes.show(top, ({ index }) => (target ? isTarget("classes", index) : index === top[0].index));
  const likely = result.attributes().sort((a, b) => b.probability - a.probability).slice(0, 8);
  attributes.show(likely, ({ index }) => isTarget("attributes", index));
  showSearch();
  picture.setAttribute("aria-label", `The picture. It shows ${top[0].name}, ${percent(top[0].probability)}.`);
}

/** The map of the chosen class or attribute; `null` if the network gives none. */
function evidence(top) {
  try {
    return target?.kind === "attributes"
      ? result.attributeEvidence(target.index)
      : result.evidence(target?.index ?? top[0].index);
  } catch {
    return null;
  }
}

function showSearch() {
  if (!model.describes) return;
  const any = model.known + model.learned.length > 0;
  place("nothing").hidden = any;
  place("found").hidden = !any;
  if (any) showFound(place("found"), result.nearest(LISTED, place("likeness").value), smallPicture);
}

/** The small picture of an entry, if there is one. */
function smallPicture({ learned: isLearned, id, position }) {
  if (!isLearned) return known(position);
  const address = pictures.get(id);
  return address ? thumbnails.image(address) : null;
}

/** Shows a source on the picture's canvas, cut to the shape of the network's input. */
function draw(source, width, height) {
  const part = centre(width, height, model);
  // Small pictures are drawn larger, because browsers smooth a drawing better than a stretched canvas.
  const scale = SHOWN / part[2];
  [picture.width, picture.height] = [part[2], part[3]].map((side) => Math.max(1, Math.round(side * scale)));
  const context = picture.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(source, ...part, 0, 0, picture.width, picture.height);
}

function time(network, prepared) {
  const now = performance.now();
  frames = [...frames.filter(({ at }) => now - at < 1000), { at: now, network, prepared }];
  const median = (field) => frames.map((frame) => frame[field]).sort((a, b) => a - b)[frames.length >> 1];
  const shown = (milliseconds) => `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
  write(place("time-network"), shown(median("network")));
  write(place("time-picture"), shown(median("prepared")));
  const span = now - frames[0].at;
  write(place("frames"), camera.on && span > 500 ? `${Math.round(((frames.length - 1) * 1000) / span)} / s` : "–");
}

function say(text) {
  message.hidden = !text;
  write(message, text);
}

/** Does something, and says in plain words if it fails. */
async function attempt(work) {
  try {
    say("");
    await work();
  } catch (error) {
    say(error.message);
  }
}

// ---- pictures

function still(source, width, height, pixels) {
  stopCamera();
  draw(source, width, height);
  look(pixels);
}

async function open(file) {
  switch (await magic(file)) {
    case "OCEL": return setModel(file, {});
    case "OCIX": return setIndex(file);
  }
  const { bitmap, pixels } = await decode(file);
  still(bitmap, bitmap.width, bitmap.height, pixels);
}

async function startCamera() {
  if (starting) return;
  starting = true;
  place("camera").setAttribute("aria-pressed", "true");
  place("answer").setAttribute("aria-live", "off");
  frames = [];
  try {
    await camera.start(() => {
      const start = performance.now();
      const pixels = camera.pixels(model);
      look(pixels, performance.now() - start);
    }, stopCamera);
    [video.hidden, picture.hidden] = [false, true];
  } catch (error) {
    stopCamera();
    throw error;
  } finally {
    starting = false;
  }
}

/** Leaves the last picture of the camera on the canvas. */
function stopCamera() {
  if (camera.on && video.videoWidth) draw(video, video.videoWidth, video.videoHeight);
  camera.stop();
  [video.hidden, picture.hidden, frames] = [true, false, []];
  place("camera").setAttribute("aria-pressed", "false");
  place("answer").setAttribute("aria-live", "polite");
}

function shown() {
  return camera.on ? [video, video.videoWidth, video.videoHeight] : [picture, picture.width, picture.height];
}

function showSamples() {
  const buttons = photographs.map((pixels, index) => {
    const canvas = thumbnails.exact(pixels);
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Sample ${index + 1}`);
    button.append(canvas);
    button.addEventListener("click", () => attempt(() => still(canvas, 32, 32, pixels)));
    return button;
  });
  place("samples").replaceChildren(...buttons);
}

// ---- models and indexes

async function setModel(source, { index = null, sheet = null, hash = null }) {
  let next = await load(source, { wasm, index });
  const kept = learned.recall(next.network);
  if (kept.index) {
    // What was kept by an earlier version of this page may be of no use.
    const again = await load(source, { wasm, index, learned: kept.index }).catch(() => null);
    if (again) next = again;
    else kept.pictures = new Map();
  }
  const smallPictures = sheet ? await thumbnails.sheet(sheet) : () => null;
  stopCamera();
  [model, known, expected, pictures, target, result] = [next, smallPictures, hash, kept.pictures, null, null];
  overlay = new Overlay(place("overlay"), model.grid);
  place("viewer").style.aspectRatio = `${model.width} / ${model.height}`;
  place("attributes-card").hidden = !model.attributes.length;
  place("search-card").hidden = !model.describes;
  place("likeness").value = model.known ? "mixed" : "appearance";
  place("ten").hidden = true;
  write(place("hash"), "");
  const size = bytes(model.bytes.model);
  write(place("about"), `A network of ${size} looks at pictures. The pictures stay on this device.`);
  write(place("bytes-model"), size);
  write(place("bytes-program"), bytes(model.bytes.program));
  write(place("bytes-memory"), bytes(model.bytes.memory));
  current = source;
  still(thumbnails.exact(photographs[0]), 32, 32, photographs[0]);
  newThing();
  showLearned();
}

/** The model's file, to load it again with another index. */
let current;

async function setIndex(index) {
  const hash = expected;
  await setModel(current, { index, hash });
}

// ---- things that are learned

function newThing() {
  shots = { label: "", count: 0 };
  showDots();
}

function showDots() {
  place("dots").replaceChildren(...Array.from({ length: SHOTS }, (_, dot) =>
    Object.assign(document.createElement("i"), { className: dot < shots.count ? "done" : "" })));
}

function learn() {
  const label = place("name").value.trim();
  if (!label) {
    place("name").focus();
    throw new Error("Give the thing a name first.");
  }
  if (label !== shots.label) shots = { label, count: 0 };
  const id = model.learn(label);
  pictures.set(id, thumbnails.address(...shown()));
  shots.count += 1;
  showDots();
  const left = SHOTS - shots.count;
  const kept = learned.keep(model, pictures) ? "" : " The browser does not keep it after this visit.";
  write(place("learn-status"), (left > 0
    ? `${shots.count} of ${SHOTS}. Turn the thing a little, and press again.`
    : `“${label}” is learned.`) + kept);
  if (left <= 0) {
    place("name").value = "";
    newThing();
  }
  showLearned();
}

function forget(label, entries) {
  entries.forEach(({ id }) => {
    model.forget(id);
    pictures.delete(id);
  });
  learned.keep(model, pictures);
  write(place("learn-status"), `${label} is forgotten.`);
  newThing();
  showLearned();
}

function showLearned() {
  const entries = model.learned;
  place("learned-tools").hidden = !entries.length;
  showThings(place("things"), entries, smallPicture, forget);
  listed = 0;
  show();
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([model.exportIndex()]));
  link.download = "index.bin";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// ---- the firmware's images

function compare() {
  const logits = [];
  const items = photographs.map((photograph) => {
    const run = model.run(firmware.image(photograph, model));
    logits.push(...run.logits);
    const item = document.createElement("li");
    const name = document.createElement("span");
    write(name, run.top(1)[0].name);
    item.append(thumbnails.exact(photograph), name);
    return item;
  });
  const found = firmware.hash(logits);
  const verdict = expected === null ? "" : found === expected ? "equal" : "different";
  const words = { equal: "The board prints the same hash.", different: `The board prints ${expected}.`, "": "" };
  const code = Object.assign(document.createElement("code"), { textContent: found });
  place("hash").replaceChildren(code, ` ${words[verdict]}`);
  place("hash").dataset.verdict = verdict;
  place("ten").replaceChildren(...items);
  place("ten").hidden = false;
  // The result of the picture that is shown is no longer valid.
  result = model.run(input);
}

// ---- events

function listen() {
  const on = (id, event, work) => place(id).addEventListener(event, () => attempt(work));
  on("camera", "click", () => (camera.on ? stopCamera() : startCamera()));
  on("open", "click", () => place("file").click());
  on("file", "change", async () => {
    const [file] = place("file").files;
    place("file").value = "";
    if (file) await open(file);
  });
  on("evidence", "change", show);
  on("likeness", "change", () => { listed = 0; show(); });
  on("learn", "click", learn);
  on("save", "click", save);
  on("forget", "click", () => forget("Everything", model.learned));
  on("compare", "click", compare);
  place("name").addEventListener("keydown", (event) => { if (event.key === "Enter") place("learn").click(); });
  document.addEventListener("paste", (event) => {
    const [file] = event.clipboardData.files;
    if (file) attempt(() => open(file));
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    place("drop").hidden = false;
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) place("drop").hidden = true; });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    place("drop").hidden = true;
    const [file] = event.dataTransfer.files;
    if (file) attempt(() => open(file));
    else say("That is not a file. Save the picture first, then drop the file.");
  });
}

async function fetched(file) {
  const response = await fetch(file).catch(() => null);
  if (!response?.ok) throw new Error(`${file} is missing on the server. Copy all files of the page there.`);
  return response.arrayBuffer();
}

async function start() {
  const files = ["page.json", "images.webp", "ocelli.wasm", "model.bin"];
  const [about, images, program, blob] = await Promise.all(files.map(fetched));
  const settings = JSON.parse(new TextDecoder().decode(about));
  photographs = firmware.photographs((await decode(new Blob([images]))).pixels);
  wasm = program;
  document.title = settings.title;
  await setModel(blob, settings);
  if (settings.samples) showSamples();
  place("wait").hidden = true;
  document.querySelector("main").hidden = false;
  listen();
  performance.mark("ocelli answer");
  navigator.serviceWorker?.register("offline.js").catch(() => {});
}

start().catch((error) => {
  place("wait").hidden = true;
  say(error.message);
});
