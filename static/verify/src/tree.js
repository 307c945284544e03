// The Merkle tree (RFC 6962, section 2.1).

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, utf8 } from "./bytes.js";

export { sha256 };

const node = (left, right) => sha256(concat([1], left, right));

export function leafHash(salt, record) {
  const leaf = hmac(sha256, salt, concat(utf8("kokoroe/record/v1\n"), record));
  return sha256(concat([0], leaf));
}

// rootFrom computes the root of the tree of size from an entry's hash and its
// inclusion proof (RFC 9162, section 2.1.3.2), or null when the proof does not
// fit. Numbers have up to 53 bits, so there is no shifting: half is a division.
export function rootFrom(index, size, h, path) {
  if (index >= size) return null;
  const half = (n) => Math.floor(n / 2);
  let fn = index;
  let sn = size - 1;
  for (const p of path) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      h = node(p, h);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      h = node(h, p);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 ? h : null;
}
