// Draws a map of evidence over a picture: light and warm where the evidence is, dark where there is none.

/** Side of the drawn map in pixels; the browser stretches it over the picture. */
const SIDE = 96;

/** What lies over a picture where the evidence is least, and where it is most: red, green, blue. */
const [DARK, LIGHT] = [[22, 12, 46], [255, 190, 84]];

/** Red, green, blue and opacity of 256 values, each as the four bytes of a pixel. */
const COLOURS = new Uint32Array(Uint8Array.from(Array.from({ length: 256 }, (_, step) => {
  const value = step / 255;
  const [dim, glow] = [0.84 * (1 - value) ** 1.5, 0.4 * Math.max(0, (value - 0.55) / 0.45) ** 1.6];
  // The light lies over the dark.
  const alpha = 1 - (1 - dim) * (1 - glow);
  const part = alpha ? glow / alpha : 0;
  return [...DARK.map((dark, colour) => Math.round(dark + part * (LIGHT[colour] - dark))), Math.round(255 * alpha)];
}).flat()).buffer);

/** Draws maps of one grid on a canvas. */
export class Overlay {
  #canvas;
  #context;
  #image;
  #pixels;
  #taps;

  constructor(canvas, grid) {
    this.#canvas = canvas;
    canvas.width = canvas.height = SIDE;
    this.#context = canvas.getContext("2d");
    this.#image = this.#context.createImageData(SIDE, SIDE);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
    this.#taps = grid && { rows: cubic(grid.rows), columns: cubic(grid.columns), grid };
  }

  /** Shows a map; `null` hides it. */
  show(map) {
    const visible = Boolean(map && this.#taps);
    this.#canvas.hidden = !visible;
    if (!visible) return;
    const { rows, columns, grid } = this.#taps;
    const wide = new Float32Array(grid.rows * SIDE);
    for (let row = 0; row < grid.rows; row++) {
      columns.forEach((taps, x) => {
        for (const [at, weight] of taps) wide[row * SIDE + x] += weight * map[row * grid.columns + at];
      });
    }
    const smooth = new Float32Array(SIDE * SIDE);
    let [least, most] = [Infinity, -Infinity];
    rows.forEach((taps, y) => {
      for (let x = 0; x < SIDE; x++) {
        let sum = 0;
        for (const [at, weight] of taps) sum += weight * wide[at * SIDE + x];
        smooth[y * SIDE + x] = sum;
        least = Math.min(least, sum);
        most = Math.max(most, sum);
      }
    });
    const scale = 255 / (most - least || 1);
    for (let pixel = 0; pixel < smooth.length; pixel++) {
      this.#pixels[pixel] = COLOURS[Math.round((smooth[pixel] - least) * scale)];
    }
    this.#context.putImageData(this.#image, 0, 0);
  }
}

/** For each pixel of a side, the tokens around it and their weights: a cubic B-spline, which is smooth. */
function cubic(tokens) {
  const kernel = (x) => (x < 1 ? 2 / 3 - x * x + (x * x * x) / 2 : x < 2 ? (2 - x) ** 3 / 6 : 0);
  return Array.from({ length: SIDE }, (_, pixel) => {
    const place = ((pixel + 0.5) * tokens) / SIDE - 0.5;
    const first = Math.floor(place) - 1;
    const tap = (at) => [Math.min(Math.max(at, 0), tokens - 1), kernel(Math.abs(place - at))];
    return [first, first + 1, first + 2, first + 3].map(tap);
  });
}
