// From a picture of any size to the input of a network, with the bytes that the trainer makes.

/**
 * The largest centred part of a picture with the shape of the input, resized to its width and height by Lanczos
 * filtering with three lobes. Every operation is rounded as in the trainer, so that the bytes are the same.
 */
export function fit({ data, width, height }, toWidth, toHeight) {
  const channels = data.length / (width * height);
  if (!(channels === 3 || channels === 4)) throw new RangeError("the picture has another number of bytes than pixels");
  const wide = width * toHeight > height * toWidth;
  const part = (product, by, side) => Math.min(Math.max(Math.floor((product + Math.floor(by / 2)) / by), 1), side);
  const cutWidth = wide ? part(height * toWidth, toHeight, width) : width;
  const cutHeight = wide ? height : part(width * toHeight, toWidth, height);
  const [left, top] = [(width - cutWidth) >> 1, (height - cutHeight) >> 1];
  const row = new Uint8ClampedArray(cutWidth * 3);
  const read = (y) => {
    let at = ((top + y) * width + left) * channels;
    for (let to = 0; to < row.length; to += 3, at += channels) {
      const alpha = channels === 4 ? data[at + 3] : 255;
      for (let colour = 0; colour < 3; colour++) {
        const value = data[at + colour];
        // White is behind what is transparent.
        row[to + colour] = alpha === 255 ? value : Math.floor((value * alpha + 255 * (255 - alpha) + 127) / 255);
      }
    }
    return row;
  };
  const out = new Uint8Array(toWidth * toHeight * 3);
  if (cutWidth === toWidth && cutHeight === toHeight) {
    for (let y = 0; y < toHeight; y++) out.set(read(y), y * toWidth * 3);
    return out;
  }
  // First along columns: every row of the picture is read once, and added to the rows that it takes part in.
  const rows = Array.from({ length: toHeight }, () => new Float32Array(cutWidth * 3));
  const taps = lanczos(cutHeight, toHeight);
  for (let y = 0, first = 0; y < cutHeight; y++) {
    read(y);
    while (first < toHeight && taps[first].start + taps[first].weights.length <= y) first++;
    for (let to = first; to < toHeight && taps[to].start <= y; to++) {
      const [weight, sums] = [taps[to].weights[y - taps[to].start], rows[to]];
      for (let at = 0; at < sums.length; at++) sums[at] += Math.fround(row[at] * weight);
    }
  }
  lanczos(cutWidth, toWidth).forEach(({ start, weights }, x) => {
    rows.forEach((sums, y) => {
      for (let colour = 0; colour < 3; colour++) {
        let sum = 0;
        for (let tap = 0; tap < weights.length; tap++) {
          sum = Math.fround(sum + Math.fround(sums[(start + tap) * 3 + colour] * weights[tap]));
        }
        out[(y * toWidth + x) * 3 + colour] = Math.floor(Math.min(Math.max(sum, 0), 255) + 0.5);
      }
    });
  });
  return out;
}

/** For each of `to` outputs, the pixels of a side of `from` pixels that it is made of, and their weights. */
function lanczos(from, to) {
  const f32 = Math.fround;
  const sinc = (x) => (x === 0 ? 1 : f32(f32(Math.sin(f32(x * f32(Math.PI)))) / f32(x * f32(Math.PI))));
  const kernel = (x) => (Math.abs(x) < 3 ? f32(sinc(x) * sinc(f32(x / 3))) : 0);
  const ratio = f32(from / to);
  const scale = Math.max(ratio, 1);
  const support = f32(3 * scale);
  return Array.from({ length: to }, (_, index) => {
    const middle = f32(f32(index + 0.5) * ratio);
    const start = Math.min(Math.max(Math.floor(f32(middle - support)), 0), from - 1);
    const end = Math.min(Math.max(Math.ceil(f32(middle + support)), start + 1), from);
    const centre = f32(middle - 0.5);
    const weights = new Float32Array(end - start);
    let sum = 0;
    for (let at = start; at < end; at++) {
      weights[at - start] = kernel(f32(f32(at - centre) / scale));
      sum = f32(sum + weights[at - start]);
    }
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}
