// Verifier keys: name+hash+base64 (C2SP signed-note).

import { concat, fromBase64, hex, utf8 } from "./bytes.js";
import { sha256 } from "./tree.js";

export const logKey = 0x01; // Ed25519
export const witnessKey = 0x04; // cosignature/v1

// White space as Unicode's property White_Space has it.
const space = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

export function isKeyName(name) {
  return name !== "" && !name.includes("+") && !space.test(name);
}

// parseKey reads a key of the wanted type. An Error says what is wrong with it,
// as a code in its message.
export function parseKey(text, wanted) {
  const [, name, hash, encoded] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(text) ?? [];
  const blob = encoded === undefined ? null : fromBase64(encoded);
  if (!blob || !isKeyName(name) || blob.length !== 33) throw new Error("not_key");
  if (blob[0] !== wanted) throw new Error("key_type");
  const digest = sha256(concat(utf8(`${name}\n`), blob)).subarray(0, 4);
  if (hex(digest) !== hash) throw new Error("key_hash");
  return { name, hash: digest, type: blob[0], public: blob.subarray(1) };
}

// keyID tells keys apart: what a signature line says of its key.
export const keyID = (name, hash) => `${name}+${hex(hash)}`;

