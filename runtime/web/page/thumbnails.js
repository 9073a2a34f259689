// Small pictures beside what was found.

/** Side of a small picture in pixels. */
const SIDE = 64;

/** The middle of a source of this size as a canvas. */
function square(source, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const side = Math.min(width, height);
  canvas.getContext("2d").drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  return canvas;
}

/** The address of a small picture of what is shown, for the browser's storage. */
export function address(source, width, height) {
  return square(source, width, height).toDataURL("image/jpeg", 0.8);
}

/** Pixels as a canvas of their own size. */
export function exact(pixels) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [pixels.width, pixels.height];
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

/** An element with the picture at an address. */
export function image(source) {
  return Object.assign(new Image(), { src: source, alt: "" });
}

/** The small pictures of an index: one picture with `columns` squares of `side` pixels in a row. */
export async function sheet({ file, side, columns }) {
  const all = image(file);
  await all.decode();
  return (position) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const [x, y] = [(position % columns) * side, Math.floor(position / columns) * side];
    canvas.getContext("2d").drawImage(all, x, y, side, side, 0, 0, side, side);
    return canvas;
  };
}
