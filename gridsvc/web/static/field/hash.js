// SHA-256 in hexadecimal. Browsers give theirs only over https; a phone on plain http still has to name its photos.
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The digest of a Blob. */
export async function sha256(blob) {
  const content = await blob.arrayBuffer();
  if (window.crypto && crypto.subtle) return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", content)));
  return hex(digest(new Uint8Array(content)));
}

/** The digest of bytes by FIPS 180-4, as bytes. */
export function digest(bytes) {
  const state = fractions(8, 2);
  const size = (Math.floor((bytes.length + 8) / 64) + 1) * 64;
  const padded = new Uint8Array(size);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(size - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(size - 4, (bytes.length << 3) >>> 0);
  const words = new Uint32Array(64);
  for (let at = 0; at < size; at += 64) {
    for (let i = 0; i < 16; i += 1) words[i] = view.getUint32(at + 4 * i);
    rounds(state, words);
  }
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => out.setUint32(4 * i, word));
  return new Uint8Array(out.buffer);
}

// the first 32 bits of the fractions of the square (2) or cube (3) roots of the first n primes
function fractions(n, root) {
  const found = [];
  for (let one = 2; found.length < n; one += 1) {
    let prime = true;
    for (let by = 2; by * by <= one; by += 1) prime = prime && one % by !== 0;
    if (!prime) continue;
    const value = root === 2 ? Math.sqrt(one) : Math.cbrt(one);
    found.push(Math.floor((value - Math.floor(value)) * 2 ** 32));
  }
  return Uint32Array.from(found);
}

const CONSTANTS = fractions(64, 3);
const turn = (word, by) => (word >>> by) | (word << (32 - by));

function rounds(state, w) {
  for (let i = 16; i < 64; i += 1) {
    const low = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
    const high = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
    w[i] = (w[i - 16] + low + w[i - 7] + high) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + CONSTANTS[i] + w[i]) | 0;
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] = (state[i] + word) | 0;
  });
}
