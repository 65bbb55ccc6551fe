// A photo made small on the phone: upright, a JPEG of at most a million bytes, and nothing left of what the camera wrote into it.
import { sha256 } from "./hash.js";

export { keep } from "./blobs.js";

export const MOST_BYTES = 1_000_000;
// longest side in pixels and quality, tried in turn until the photo is small enough
const TRIES = [[1600, 0.82], [1600, 0.7], [1600, 0.55], [1280, 0.6], [1024, 0.55], [800, 0.5]];

/** {sha256, blob, width, height} of an image file; throws an Error with code photo_unreadable. */
export async function shrink(file) {
  const { image, done } = await read(file);
  try {
    for (const [side, quality] of TRIES) {
      const made = await draw(image, side, quality);
      if (made.blob.size <= MOST_BYTES) return { sha256: await sha256(made.blob), ...made };
    }
  } finally {
    done();
  }
  throw refused("photo_too_large");
}

// an image element turns a photo as its orientation says; ImageBitmap does so only in newer browsers
function read(file) {
  const url = URL.createObjectURL(file);
  const image = new Image();
  const done = () => URL.revokeObjectURL(url);
  return new Promise((resolve, reject) => {
    image.addEventListener("load", () => (image.naturalWidth ? resolve({ image, done }) : fail()));
    image.addEventListener("error", fail);
    image.src = url;
    function fail() {
      done();
      reject(refused("photo_unreadable"));
    }
  });
}

function draw(image, side, quality) {
  const scale = Math.min(1, side / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const pen = canvas.getContext("2d", { alpha: false });
  // what is transparent would become black
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  const { width, height } = canvas;
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      // old phones keep a canvas's memory until it is made small
      canvas.width = canvas.height = 0;
      if (blob) resolve({ blob, width, height });
      else reject(refused("photo_unreadable"));
    }, "image/jpeg", quality);
  });
}

function refused(code) {
  return Object.assign(new Error(code), { code });
}
