// The images and the hash of the firmware in `tests/firmware`.

const SIDE = 32;
const PIXELS = SIDE * SIDE;

/** The photographs, which are below each other in one picture, each as a picture of 32 × 32 pixels. */
export function photographs({ data }) {
  return Array.from({ length: data.length / (4 * PIXELS) }, (_, index) =>
    new ImageData(data.slice(4 * PIXELS * index, 4 * PIXELS * (index + 1)), SIDE, SIDE));
}

/** A photograph as the firmware gives it to a network: its bytes, repeated to the length of the input. */
export function image({ data }, model) {
  const at = (place) => 4 * Math.floor(place / 3) + (place % 3);
  return Uint8Array.from({ length: model.width * model.height * 3 }, (_, place) => data[at(place % (3 * PIXELS))]);
}

/** FNV-1a with 64 bits over integers, each as four little-endian bytes: sixteen hexadecimal digits. */
export function hash(integers) {
  let value = 0xcbf29ce484222325n;
  for (const byte of new Uint8Array(Int32Array.from(integers).buffer)) {
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  }
  return value.toString(16).padStart(16, "0");
}
