/** Bytes, or where to fetch them. */
export type Source = string | URL | ArrayBuffer | ArrayBufferView | Blob;

/** A picture: four bytes (red, green, blue, opacity) or three for each pixel, row by row. `ImageData` is one. */
export interface Picture {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

export interface Options {
  /** `ocelli.wasm`; by default the file beside this module. */
  wasm?: Source;
  /** An index of known pictures, as `export index` writes it with this model. */
  index?: Source | null;
  /** What `exportIndex` gave earlier. */
  learned?: Source | null;
  /** Number of pictures that can be learned; 128 by default. */
  room?: number;
}

export interface Class {
  index: number;
  name: string;
  logit: number;
  /** 0 to 1. */
  probability: number;
}

export interface Attribute extends Class {}

export interface Neighbour {
  /** Whether it was learned. Otherwise it is of the index. */
  learned: boolean;
  id: number;
  /** Its place in the index. */
  position: number;
  /** Its file in the folder that was indexed. */
  name: string | null;
  /** Its label: the folder of its file, or the name under which it was learned. */
  label: string | null;
  /** 0 if both fingerprints are equal. Distances of one likeness can be compared. */
  distance: number;
}

/** What is compared: both parts of a fingerprint, weighted for each picture, or one of them. */
export type Likeness = "mixed" | "class" | "appearance";

/** What a run found. Its methods throw after the next run. */
export interface Result {
  /** The same integers as on a microcontroller. */
  logits: Int32Array;
  embedding(): Int8Array;
  /** The classes with the largest logits, the largest first; all by default. */
  top(count?: number): Class[];
  /** What each token adds to the logit of a class, row by row. The sum and the bias of the class are the logit. */
  evidence(classIndex: number): Int32Array;
  /** The evidence for a class rather than another one. */
  difference(classIndex: number, otherIndex: number): Int32Array;
  /** All attributes; none if the model has none. */
  attributes(): Attribute[];
  attributeEvidence(attributeIndex: number): Int32Array;
  /** The nearest pictures of the index and of those that were learned; 5 and "mixed" by default, at most 32. */
  nearest(count?: number, likeness?: Likeness): Neighbour[];
}

export interface Ocelli {
  /** Width of the network's input in pixels. */
  readonly width: number;
  readonly height: number;
  readonly classes: string[];
  readonly attributes: string[];
  /** Number of values of a map of evidence. */
  readonly tokens: number;
  /** Rows and columns of a map; `null` if the tokens form no grid. */
  readonly grid: { rows: number; columns: number } | null;
  /** Whether the model makes fingerprints, for `learn` and `nearest`. */
  readonly describes: boolean;
  /** The network that fingerprints are of, as `export index` prints it; `null` if the model makes none. */
  readonly network: string | null;
  /** Number of entries of the index. */
  readonly known: number;
  /** Number of pictures that can be learned. */
  readonly room: number;
  /** What was learned, the oldest first. */
  readonly learned: { id: number; label: string }[];
  readonly bytes: { program: number; model: number; arena: number; memory: number };

  /** The input for a picture, as the trainer makes it: red, green and blue of each pixel. */
  input(picture: Picture): Uint8Array;
  /** Runs the network on a picture of any size, or on an input, which is a `Uint8Array`. */
  run(picture: Picture | Uint8Array): Result;
  /** Learns the picture of the last run. Returns its number. */
  learn(label: string): number;
  /** Removes what was learned under this number. Returns whether there was such a picture. */
  forget(id: number): boolean;
  /** What was learned as an index file; `null` if nothing was. */
  exportIndex(): Uint8Array | null;
}

/** The library or this module refuses something. The message says why, in plain words. */
export class OcelliError extends Error {
  /** The number of the `ocelli_status`; 0 for an error of this module. */
  status: number;
}

/**
 * Loads a model: a blob as `export` writes it.
 *
 * Its memory grows only during this call. The promise is rejected with an `OcelliError` if a file is damaged, of
 * another kind, or of another model.
 */
export function load(model: Source, options?: Options): Promise<Ocelli>;

/** The largest centred part of a picture with the shape of the input, in the size of the input. */
export function fit(picture: Picture, width: number, height: number): Uint8Array;
