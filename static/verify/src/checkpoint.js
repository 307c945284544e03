// The checkpoint: how large the log was and what its root hash is, and who
// signed that (C2SP tlog-checkpoint, signed-note, tlog-cosignature).

import { concat, decode, fromBase64, hash, hex, indexOf, number, startsWith, utf8 } from "./bytes.js";
import { ed25519 } from "./ed25519.js";
import { isKeyName, keyID } from "./key.js";
import { Refused } from "./refused.js";

const maxCheckpoint = 1 << 14; // bytes
const maxSignatures = 100;
const dash = utf8("— ");

// parseCheckpoint reads the note without verifying it. line is the number of its
// first line, which is blamed for whatever is wrong in it. Refused: line_invalid.
export function parseCheckpoint(note, line) {
  const invalid = (detail) => new Refused("line_invalid", { line, detail: `the checkpoint ${detail}` });
  if (note.length > maxCheckpoint) throw invalid("is too large");
  const middle = indexOf(note, [10, 10]);
  const lines = middle < 0 ? [] : split(note.subarray(0, middle));
  if (lines.length !== 3 || lines[0].length === 0) throw invalid("is not three lines and signatures");
  const size = number(latin1(lines[1]));
  const root = hash(latin1(lines[2]));
  if (size === null || !root) throw invalid("has a malformed size or root");
  const tail = note.subarray(middle + 2);
  if (tail.length === 0 || tail[tail.length - 1] !== 10) throw invalid("does not end with a signature line");
  const signatures = split(tail.subarray(0, -1)).map((l) => parseSignature(l, invalid));
  const ids = signatures.map((s) => `${hex(s.name)}+${hex(s.hash)}`);
  if (new Set(ids).size !== ids.length) throw invalid("has two signatures of one key");
  return { note, text: note.subarray(0, middle + 1), origin: lines[0], size, root, signatures };
}

function parseSignature(line, invalid) {
  const rest = startsWith(line, dash) ? line.subarray(dash.length) : null;
  const space = rest ? rest.indexOf(32) : -1;
  const blob = space < 0 ? null : fromBase64(latin1(rest.subarray(space + 1)));
  if (!blob || blob.length < 5) throw invalid("has a malformed signature line");
  return { name: rest.subarray(0, space), hash: blob.subarray(0, 4), blob: blob.subarray(4) };
}

function split(bytes) {
  const out = [];
  let from = 0;
  for (let end; (end = bytes.indexOf(10, from)) >= 0; from = end + 1) out.push(bytes.subarray(from, end));
  return [...out, bytes.subarray(from)];
}

// latin1 keeps each byte apart: what is read from it is ASCII or wrong.
const latin1 = (bytes) => Array.from(bytes, (b) => String.fromCharCode(b)).join("");

// checkLog returns the names of the log's known keys that signed. Refused:
// checkpoint_malformed, signature_wrong, signature_unknown.
export function checkLog(c, policy) {
  const malformed = (detail) => new Refused("checkpoint_malformed", { detail });
  const text = decode(c.note);
  if (text === null || /[\u0000-\u0009\u000b-\u001f]/.test(text)) throw malformed("it is not UTF-8, or holds a control character");
  const signers = [];
  c.signatures.forEach((s, i) => {
    const name = decode(s.name);
    if (!isKeyName(name) || i >= maxSignatures) throw malformed("a signature has no proper name, or there are too many");
    const key = policy.logs.get(keyID(name, s.hash));
    if (!key) return;
    if (!verifies(key, c.text, s.blob)) throw new Refused("signature_wrong", { detail: name });
    signers.push(name);
  });
  if (!signers.includes(decode(c.origin))) throw new Refused("signature_unknown");
  return signers;
}

// checkWitnesses returns the policy's witnesses that signed, in its order, with
// the time in seconds (BigInt). Refused: signature_wrong, quorum_missing.
export function checkWitnesses(c, policy) {
  const right = new Map();
  for (const s of c.signatures) {
    const key = policy.witnesses.get(keyID(decode(s.name), s.hash));
    if (!key) continue;
    const at = cosignedAt(s.blob);
    if (at === null || !verifies(key, concat(utf8(`cosignature/v1\ntime ${at}\n`), c.text), s.blob.subarray(8))) {
      throw new Refused("signature_wrong", { detail: key.witness });
    }
    right.set(key.witness, at);
  }
  if (!policy.satisfied(right.keys())) throw new Refused("quorum_missing");
  const names = [...policy.witnesses.values()].map((k) => k.witness);
  return names.filter((n) => right.has(n)).map((name) => ({ name, at: right.get(name) }));
}

const verifies = (key, message, signature) => signature.length === 64 && ed25519(key.public, message, signature);

// cosignedAt is the time in seconds, a BigInt of at most 63 bits, or null.
function cosignedAt(blob) {
  if (blob.length !== 72) return null;
  const at = BigInt(`0x${hex(blob.subarray(0, 8))}`);
  return at >> BigInt(63) ? null : at;
}
