// Where pictures come from: files and the camera.

/** Longer short sides are halved by the browser first; a phone's photo would take seconds otherwise. */
const LARGEST = 1024;

/** Times the network's input that a camera's picture is read at. */
const OVERSAMPLED = 2;

const canvas = document.createElement("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });

/** The pixels of a part of a source, in another size. */
function read(source, [x, y, width, height], [toWidth, toHeight]) {
  [canvas.width, canvas.height] = [toWidth, toHeight];
  context.imageSmoothingQuality = "high";
  context.drawImage(source, x, y, width, height, 0, 0, toWidth, toHeight);
  return context.getImageData(0, 0, toWidth, toHeight);
}

/** The largest centred part of a picture with the shape of the network's input: `[x, y, width, height]`. */
export function centre(width, height, model) {
  const scale = Math.min(width / model.width, height / model.height);
  const [cutWidth, cutHeight] = [model.width * scale, model.height * scale];
  return [(width - cutWidth) / 2, (height - cutHeight) / 2, cutWidth, cutHeight];
}

/** A picture file as a bitmap and its pixels. */
export async function decode(file) {
  // As the trainer reads files: rotated as the file says, without colour management.
  const options = { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(file, options).catch(() => {
    throw new Error(`${file.name || "This"} is not a picture that this browser can read.`);
  });
  let [width, height] = [bitmap.width, bitmap.height];
  while (Math.min(width, height) > LARGEST) [width, height] = [width / 2, height / 2];
  const size = [Math.max(1, Math.round(width)), Math.max(1, Math.round(height))];
  return { bitmap, pixels: read(bitmap, [0, 0, bitmap.width, bitmap.height], size) };
}

/** The first bytes of a file, as text. */
export async function magic(file) {
  return String.fromCharCode(...new Uint8Array(await file.slice(0, 4).arrayBuffer()));
}

/** A camera that shows its picture in a video element. */
export class Camera {
  #video;
  #stream = null;
  #running = 0;

  constructor(video) {
    this.#video = video;
  }

  get on() { return this.#stream !== null; }

  /** Asks for a camera, and calls `frame` for each of its pictures until `stop`. */
  async start(frame, ended) {
    const devices = navigator.mediaDevices;
    if (!devices?.getUserMedia) throw new Error("The browser gives a camera only to pages from https or localhost.");
    const video = { facingMode: { ideal: "environment" }, width: { ideal: 640 }, height: { ideal: 480 } };
    this.#stream = await devices.getUserMedia({ video, audio: false }).catch((error) => {
      throw new Error(refusal(error));
    });
    this.#stream.getVideoTracks().forEach((track) => track.addEventListener("ended", ended));
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    const run = ++this.#running;
    const next = this.#video.requestVideoFrameCallback
      ? (step) => this.#video.requestVideoFrameCallback(step)
      : (step) => requestAnimationFrame(step);
    const step = () => {
      if (run !== this.#running || !this.on) return;
      next(step);
      if (this.#video.videoWidth) frame();
    };
    next(step);
  }

  stop() {
    this.#running += 1;
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = this.#video.srcObject = null;
  }

  /** The picture that the camera shows, cut to the shape of the network's input. */
  pixels(model) {
    const { videoWidth, videoHeight } = this.#video;
    const part = centre(videoWidth, videoHeight, model);
    const scale = Math.min(OVERSAMPLED, part[2] / model.width);
    const size = [model.width, model.height].map((side) => Math.max(1, Math.round(side * scale)));
    return read(this.#video, part, size);
  }
}

function refusal(error) {
  switch (error.name) {
    case "NotAllowedError": return "The browser does not allow the camera. You can allow it beside the address.";
    case "NotFoundError": return "There is no camera.";
    case "NotReadableError": return "Another program uses the camera.";
    default: return `The camera does not start: ${error.message}`;
  }
}
