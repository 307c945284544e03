// Ed25519 (RFC 8032, section 5.1.7) with the choices that its text leaves open
// made as the log's own program makes them: no cofactor, S below the group's
// order, R compared as bytes. Verifiers that differ in these do not agree on
// every signature that a hostile signer can make; the library's own verify
// multiplies by the cofactor, so only its arithmetic is used.

import { ed25519 as curve } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, equal } from "./bytes.js";

const { Point } = curve;
const order = Point.Fn.ORDER;
const lenient = true; // key bytes need not be reduced: they are trusted, and stand in the policy

export function ed25519(key, message, signature) {
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= order) return false;
  let a;
  try {
    a = Point.fromBytes(key, lenient);
  } catch {
    return false; // no point of the curve
  }
  const k = littleEndian(sha512(concat(r, key, message))) % order;
  const got = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k));
  return equal(got.toBytes(), r);
}

function littleEndian(bytes) {
  let hex = "0x";
  for (let i = bytes.length - 1; i >= 0; i--) hex += bytes[i].toString(16).padStart(2, "0");
  return BigInt(hex);
}
