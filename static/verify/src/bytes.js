// Bytes and their spellings. Every spelling is read in the one way in which it
// may be written, because one that is read in two ways can be changed unseen.

export const utf8 = (text) => new TextEncoder().encode(text);

// decode returns the text, or null for bytes that are not UTF-8.
export function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function equal(a, b) {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export function startsWith(bytes, prefix) {
  return equal(bytes.subarray(0, prefix.length), prefix);
}

// indexOf finds one byte, or the sequence of two, from a place on; -1 for none.
export function indexOf(bytes, wanted, from = 0) {
  for (let i = from; i + wanted.length <= bytes.length; i++) {
    if (wanted.every((x, j) => bytes[i + j] === x)) return i;
  }
  return -1;
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function base64(bytes) {
  let out = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const n = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let j = 0; j < 4; j++) out += i + j > bytes.length ? "=" : digits[(n >> (18 - 6 * j)) & 63];
  }
  return out;
}

// fromBase64 returns the bytes (RFC 4648, section 4: padded, no bit left over),
// or null.
export function fromBase64(text) {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const size = (text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
  const out = new Uint8Array(size);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    let n = 0;
    for (let j = 0; j < 4; j++) n = (n << 6) | Math.max(0, digits.indexOf(text[i + j]));
    for (let j = 16; j >= 0 && at < size; j -= 8) out[at++] = (n >> j) & 255;
  }
  return base64(out) === text ? out : null;
}

// hash returns the 32 bytes, or null.
export function hash(text) {
  const b = fromBase64(text);
  return b?.length === 32 ? b : null;
}

// number reads a decimal from 0 to 2^53-1 without leading zeros, or null.
export function number(text) {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return null;
  const n = Number(text);
  return n <= Number.MAX_SAFE_INTEGER && String(n) === text ? n : null;
}

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
