// Runs an Ocelli network in a web page: `import { load } from "./ocelli.js"`. The types are in ocelli.d.ts.
//
// `ocelli.wasm` is the C library of `runtime/c`. This module gives it all its memory, as a C program does: it
// lies behind the program's own data, and grows only while a model is loaded. The offsets and sizes below are
// those of the structs in `ocelli.h` on a processor with 32-bit pointers; `runtime/c/src/layout.rs` checks them.

import { fit } from "./resize.js";

export { fit };

const MODEL_SIZE = 5120;
const OBJECT = { output: 80, attributes: 80, descriptor: 256, index: 144 };
const STRUCT = { info: 36, ranked: 12, attribute: 8, fingerprint: 40, neighbour: 12, entry: 64, contents: 56 };
const MAX_NEIGHBOURS = 32;
const LIKENESS = { mixed: 0, class: 1, appearance: 2 };
const PAGE = 65_536;
/** Bytes of names that there is room for, for each picture that can be learned. */
const NAME_ROOM = 128;

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** What the library or this module refuses, in plain words. */
export class OcelliError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.name = "OcelliError";
    this.status = status;
  }
}

/** Loads a network, and if given an index of known pictures and what was learned earlier. */
export async function load(model, options = {}) {
  const { wasm = new URL("ocelli.wasm", import.meta.url), index, learned, room = 128 } = options;
  const given = (source, name) => (source === undefined || source === null ? null : bytesOf(source, name));
  const [program, blob, known, taught] = await Promise.all([
    given(wasm, "the program"),
    given(model, "the model"),
    given(index, "the index"),
    given(learned, "what was learned"),
  ]);
  const { instance } = await WebAssembly.instantiate(program, {});
  return new Ocelli(instance.exports, { program: program.length, blob, known, taught, room });
}

async function bytesOf(source, name) {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (typeof Blob !== "undefined" && source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const response = await fetch(source).catch(() => null);
  if (!response) throw new OcelliError(`${name} cannot be fetched: ${source} does not answer`);
  if (!response.ok) throw new OcelliError(`${name} cannot be fetched: ${source} gives status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A loaded network. */
class Ocelli {
  #library;
  #heap = 0;
  #view = null;
  #bytes = null;
  #at = {};
  #runs = 0;
  #known = 0;
  #taught = [];
  #taughtBytes = null;

  constructor(library, { program, blob, known, taught, room }) {
    this.#library = library;
    this.#heap = library.__heap_base.value;
    const at = this.#at;
    at.memory = this.#take(MODEL_SIZE);
    at.pair = this.#take(8);
    at.blob = this.#take(blob.length, blob);
    this.#call("the model", "ocelli_parse", at.blob, blob.length, at.memory, MODEL_SIZE, at.pair);
    at.model = this.#word(at.pair);
    at.info = this.#take(STRUCT.info);
    this.#call("the model", "ocelli_model_info", at.model, at.info);
    const info = Array.from({ length: 9 }, (_, field) => this.#word(at.info + 4 * field));
    const [width, height, imageLen, classes, tokens, rows, columns, arenaLen, fastLen] = info;
    /** Width and height of the network's input in pixels. */
    [this.width, this.height] = [width, height];
    this.tokens = tokens;
    /** Rows and columns of a map of evidence; `null` if the tokens form no grid. */
    this.grid = rows ? { rows, columns } : null;
    this.classes = this.#names(classes, "ocelli_class_name", at.model, "class");

    at.attributes = this.#take(OBJECT.attributes);
    const taughtAttributes = this.#part("ocelli_attributes_parse", at.model, at.attributes);
    const count = taughtAttributes ? library.ocelli_attributes_len(at.attributes) : 0;
    this.attributes = this.#names(count, "ocelli_attribute_name", at.attributes, "attribute");
    at.descriptor = this.#take(OBJECT.descriptor);
    this.describes = this.#part("ocelli_descriptor_parse", at.model, at.descriptor);

    const describedLen = this.describes ? library.ocelli_descriptor_arena_len(at.descriptor) : 0;
    at.arenaLen = Math.max(arenaLen, describedLen) + fastLen - arenaLen;
    at.arena = this.#take(at.arenaLen);
    at.image = this.#take(imageLen);
    at.output = this.#take(OBJECT.output);
    at.fingerprint = this.#take(STRUCT.fingerprint);
    at.ranked = this.#take(STRUCT.ranked * classes);
    at.values = this.#take(STRUCT.attribute * count);
    at.map = this.#take(4 * tokens);
    at.found = this.#take(STRUCT.neighbour * MAX_NEIGHBOURS);
    at.entry = this.#take(STRUCT.entry);
    at.known = this.#take(OBJECT.index);
    at.taught = this.#take(OBJECT.index);
    // A first run gives the lengths of fingerprints, and the browser compiles the program while nobody waits.
    this.#describe();
    /** The network that the fingerprints are of, as `export index` prints it; `null` without fingerprints. */
    this.network = this.describes ? this.#word(at.fingerprint + 32).toString(16).padStart(8, "0") : null;
    if (known) this.#openKnown(known);
    /** Number of pictures that can be learned. */
    this.room = this.describes ? room : 0;
    if (this.room) this.#makeRoom(room);
    if (taught) this.#openTaught(taught);
    /** Sizes in bytes: of the program, of the network, and of all memory that both use. */
    this.bytes = { program, model: blob.length, arena: at.arenaLen, memory: library.memory.buffer.byteLength };
  }

  /** Number of entries of the index. */
  get known() { return this.#known; }

  /** The pictures that were learned, the oldest first. */
  get learned() { return this.#taught.map(({ id, label }) => ({ id, label })); }

  /** The input of the network for a picture: red, green and blue bytes. */
  input(picture) { return fit(picture, this.width, this.height); }

  /** Runs the network. A `Uint8Array` is taken as the input itself. The result is valid until the next run. */
  run(picture) {
    const input = picture instanceof Uint8Array ? picture : this.input(picture);
    const length = this.width * this.height * 3;
    if (input.length !== length) {
      throw new OcelliError(`the image has ${input.length} bytes, and the network reads ${length}`);
    }
    this.#bytes.set(input, this.#at.image);
    this.#describe();
    return this.#result();
  }

  /** Learns the picture of the last run under a name. Returns its number. */
  learn(label) {
    if (!this.describes) throw new OcelliError("the model makes no fingerprints, so it cannot learn pictures");
    if (typeof label !== "string" || label.trim() === "" || /[\n\r]/.test(label)) {
      throw new OcelliError("a name needs letters, in one line");
    }
    if (this.#taught.length >= this.room) {
      throw new OcelliError(`there is room for ${this.room} pictures: remove one first`);
    }
    const id = this.#taught.reduce((most, entry) => Math.max(most, entry.id), -1) + 1;
    this.#rewrite([...this.#taught, { id, label: label.trim(), ...this.#fingerprint(this.#at.fingerprint) }]);
    return id;
  }

  /** Removes a picture that was learned. Returns whether there was one with this number. */
  forget(id) {
    const kept = this.#taught.filter((entry) => entry.id !== id);
    if (kept.length === this.#taught.length) return false;
    this.#rewrite(kept);
    return true;
  }

  /** What was learned as the bytes of an index file; `null` if nothing was. */
  exportIndex() { return this.#taughtBytes?.slice() ?? null; }

  // ---- results

  #result() {
    const [run, at, library] = [this.#runs, this.#at, this.#library];
    const current = () => {
      if (run !== this.#runs) throw new OcelliError("the result is no longer valid: the model has run again");
    };
    const map = (name, ...which) => {
      current();
      this.#call("the evidence", name, at.output, ...which, at.map, this.tokens);
      return new Int32Array(library.memory.buffer, at.map, this.tokens).slice();
    };
    return {
      logits: (current(), this.#array(Int32Array, "ocelli_logits")),
      embedding: () => (current(), this.#array(Int8Array, "ocelli_embedding")),
      top: (count) => (current(), this.#top(count)),
      evidence: (index) => map("ocelli_evidence", index),
      difference: (index, other) => map("ocelli_difference", index, other),
      attributes: () => (current(), this.#attributesOf()),
      attributeEvidence: (index) => map("ocelli_attribute_evidence", at.attributes, index),
      nearest: (count, likeness) => (current(), this.#nearest(count, likeness)),
    };
  }

  #array(Type, name) {
    const [at, buffer] = [this.#at.pair, this.#library.memory.buffer];
    this.#call("the result", name, this.#at.output, at, at + 4);
    return new Type(buffer, this.#word(at), this.#word(at + 4)).slice();
  }

  #top(count = this.classes.length) {
    const { ranked, pair, output } = this.#at;
    this.#call("the result", "ocelli_top", output, ranked, Math.min(count, this.classes.length), pair);
    return Array.from({ length: this.#word(pair) }, (_, place) => {
      const at = ranked + STRUCT.ranked * place;
      const index = this.#word(at);
      const probability = this.#view.getUint16(at + 8, true) / 65_536;
      return { index, name: this.classes[index], logit: this.#view.getInt32(at + 4, true), probability };
    });
  }

  #attributesOf() {
    const { output, attributes, values } = this.#at;
    if (!this.attributes.length) return [];
    this.#call("the attributes", "ocelli_attributes_of", output, attributes, values, this.attributes.length);
    return this.attributes.map((name, index) => {
      const at = values + STRUCT.attribute * index;
      const probability = this.#view.getUint16(at + 4, true) / 65_536;
      return { index, name, logit: this.#view.getInt32(at, true), probability };
    });
  }

  #nearest(count = 5, likeness = "mixed") {
    if (!(likeness in LIKENESS)) throw new OcelliError("the likeness is mixed, class or appearance");
    if (!(count >= 1 && count <= MAX_NEIGHBOURS)) throw new OcelliError(`the number is 1 to ${MAX_NEIGHBOURS}`);
    const of = (learned) => this.#search(learned, count, LIKENESS[likeness]);
    const found = [...(this.#known ? of(false) : []), ...(this.#taught.length ? of(true) : [])];
    // At the same distance, known pictures come first, as in the firmware.
    found.sort((a, b) => a.distance - b.distance || a.learned - b.learned || a.id - b.id);
    return found.slice(0, count);
  }

  #search(learned, count, likeness) {
    const { known, taught, fingerprint, found, pair } = this.#at;
    const index = learned ? taught : known;
    this.#call("the index", "ocelli_nearest", index, fingerprint, likeness, found, count, pair);
    return Array.from({ length: this.#word(pair) }, (_, place) => {
      const at = found + STRUCT.neighbour * place;
      const { id, name, label } = this.#entry(index, this.#word(at));
      return { learned, id, name, label, position: this.#word(at), distance: this.#word(at + 8) };
    });
  }

  // ---- indexes

  #openKnown(bytes) {
    if (!this.describes) throw new OcelliError("the model makes no fingerprints, so it cannot search an index");
    this.#openIndex("the index", this.#take(bytes.length, bytes), bytes.length, this.#at.known);
    this.#known = this.#library.ocelli_index_len(this.#at.known);
  }

  #openTaught(bytes) {
    const { taught, buffer } = this.#at;
    if (!this.room || bytes.length > this.#at.bufferLen) throw new OcelliError("there is no room for what was learned");
    this.#bytes.set(bytes, buffer);
    this.#openIndex("what was learned", buffer, bytes.length, taught);
    const count = this.#library.ocelli_index_len(taught);
    if (count > this.room) throw new OcelliError(`${count} pictures were learned, and there is room for ${this.room}`);
    this.#taught = Array.from({ length: count }, (_, position) => this.#entry(taught, position));
    this.#taughtBytes = bytes.slice();
  }

  /** Parses an index, and searches it once, because only a search finds that it is of another network. */
  #openIndex(name, bytes, length, index) {
    this.#call(name, "ocelli_index_parse", bytes, length, index);
    this.#call(name, "ocelli_nearest", index, this.#at.fingerprint, LIKENESS.mixed, this.#at.found, 1, this.#at.pair);
  }

  /** Takes the memory for `room` learned pictures. */
  #makeRoom(room) {
    const at = this.#at;
    const lengths = [12, 28].map((part) => this.#word(at.fingerprint + part));
    const names = NAME_ROOM * room;
    at.bufferLen = room * (lengths[0] + lengths[1] + 38) + names + 128;
    at.buffer = this.#take(at.bufferLen);
    at.contents = this.#take(STRUCT.contents);
    at.ids = this.#take(4 * room);
    at.labels = this.#take(2 * room);
    at.labelNames = this.#take(names);
    at.parts = lengths.map((length) => ({ length, vectors: this.#take(length * room), codes: this.#take(8 * room) }));
  }

  /** Replaces what was learned. After an error nothing has changed. */
  #rewrite(entries) {
    const [at, view] = [this.#at, this.#view];
    if (!entries.length) {
      [this.#taught, this.#taughtBytes] = [[], null];
      return;
    }
    const labels = [...new Set(entries.map((entry) => entry.label))];
    const labelNames = utf8.encode(labels.join("\n"));
    if (labelNames.length > NAME_ROOM * this.room) throw new OcelliError("the names are too long");
    entries.forEach(({ id, label, parts }, place) => {
      view.setUint32(at.ids + 4 * place, id, true);
      view.setUint16(at.labels + 2 * place, labels.indexOf(label), true);
      parts.forEach(({ vector, code }, part) => {
        const { length, vectors, codes } = at.parts[part];
        this.#bytes.set(vector, vectors + length * place);
        view.setBigUint64(codes + 8 * place, code, true);
      });
    });
    this.#bytes.set(labelNames, at.labelNames);
    const parts = at.parts.flatMap(({ length, vectors, codes }) => [vectors, codes, length]);
    const names = [at.labelNames, labelNames.length, 0, 0];
    const fields = [at.ids, at.labels, entries.length, ...names, ...parts, entries[0].network];
    fields.forEach((field, place) => view.setUint32(at.contents + 4 * place, field, true));
    this.#call("what was learned", "ocelli_index_write", at.contents, at.buffer, at.bufferLen, at.pair);
    const length = this.#word(at.pair);
    this.#call("what was learned", "ocelli_index_parse", at.buffer, length, at.taught);
    this.#taught = entries;
    this.#taughtBytes = this.#bytes.slice(at.buffer, at.buffer + length);
  }

  #entry(index, position) {
    const at = this.#at.entry;
    this.#call("the index", "ocelli_index_entry", index, position, at);
    const label = this.#view.getInt32(at + 60, true);
    const name = (place) => this.#text(at + place);
    return {
      id: this.#word(at + 56),
      name: name(40),
      label: name(48) ?? (label < 0 ? null : `label ${label}`),
      ...this.#fingerprint(at),
    };
  }

  #fingerprint(at) {
    const part = (at) => {
      const [vector, length] = [this.#word(at + 8), this.#word(at + 12)];
      return { code: this.#view.getBigUint64(at, true), vector: this.#bytes.slice(vector, vector + length) };
    };
    return { network: this.#word(at + 32), parts: [part(at), part(at + 16)] };
  }

  // ---- the library

  #describe() {
    const { model, descriptor, image, arena, arenaLen, output, fingerprint } = this.#at;
    const picture = [image, this.width * this.height * 3, arena, arenaLen, output];
    this.#runs += 1;
    if (this.describes) this.#call("the model", "ocelli_describe", descriptor, ...picture, fingerprint);
    else this.#call("the model", "ocelli_run", model, ...picture);
  }

  /** Parses a part that a blob need not have. */
  #part(name, ...places) {
    const ABSENT = 16;
    const status = this.#library[name](...places);
    if (status !== 0 && status !== ABSENT) throw this.#error("the model", status);
    return status === 0;
  }

  #call(what, name, ...values) {
    const status = this.#library[name](...values);
    if (status !== 0) throw this.#error(what, status);
  }

  #error(what, status) {
    const at = this.#library.ocelli_status_text(status);
    const reason = text.decode(this.#bytes.subarray(at, this.#bytes.indexOf(0, at)));
    return new OcelliError(`${what} cannot be used: ${reason}`, status);
  }

  #names(count, name, object, missing) {
    const of = (index) => (this.#library[name](object, index, this.#at.pair) === 0 ? this.#text(this.#at.pair) : null);
    return Array.from({ length: count }, (_, index) => of(index) ?? `${missing} ${index}`);
  }

  /** The text at a place; `null` if there is none. */
  #text(at) {
    const [bytes, length] = [this.#word(at), this.#word(at + 4)];
    return bytes ? text.decode(this.#bytes.subarray(bytes, bytes + length)) : null;
  }

  #word(at) { return this.#view.getUint32(at, true); }

  /** Takes memory behind what was taken before, and copies bytes to it. */
  #take(length, from = null) {
    const memory = this.#library.memory;
    const start = Math.ceil(this.#heap / 16) * 16;
    this.#heap = start + length;
    const pages = Math.ceil((this.#heap - memory.buffer.byteLength) / PAGE);
    if (pages > 0) memory.grow(pages);
    // Growing moves the memory.
    if (this.#view?.buffer !== memory.buffer) {
      this.#view = new DataView(memory.buffer);
      this.#bytes = new Uint8Array(memory.buffer);
    }
    if (from) this.#bytes.set(from, start);
    return start;
  }
}
