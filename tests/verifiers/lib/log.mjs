// A log of one's own, to make receipts that no careful program would make: a
// record is put into it as it is, and everything around it is right.

import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";

const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex"); // RFC 8410, before the seed

// Key signs checkpoints. type is 1 for a log's key, 4 for a witness's.
export class Key {
  constructor(name, type, seed = sha256(Buffer.from(`${name} ${type}`))) {
    this.private = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: "der", type: "pkcs8" });
    const spki = createPublicKey(this.private).export({ format: "der", type: "spki" });
    const blob = Buffer.concat([Buffer.from([type]), spki.subarray(-32)]);
    this.hash = sha256(Buffer.from(`${name}\n`), blob).subarray(0, 4);
    this.text = `${name}+${this.hash.toString("hex")}+${blob.toString("base64")}`;
    Object.assign(this, { name, type });
  }

  // line signs the text of a checkpoint; a witness at a time in seconds.
  line(text, seconds = 1_775_012_460n) {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(seconds);
    const blob = this.type === 1 ? sign(null, Buffer.from(text), this.private)
      : Buffer.concat([time, sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), this.private)]);
    return `— ${this.name} ${Buffer.concat([this.hash, blob]).toString("base64")}\n`;
  }
}

export const digest = (text) => `sha256:${sha256(Buffer.from(text)).toString("hex")}`;

// receipt makes the receipt of a record, bytes or a string, at a place in a log
// of so many entries. The other entries are arbitrary hashes.
export function receipt(keys, record, { text, declaration, seq = 3, size = 7, note = (t) => t } = {}) {
  const salt = sha256(Buffer.from("salt"), Buffer.from(record));
  const leaf = createHmac("sha256", salt).update("kokoroe/record/v1\n").update(record).digest();
  const leaves = Array.from({ length: size }, (_, i) => sha256(Buffer.from([0]), i === seq ? leaf : Buffer.from(`${i}`)));
  const checkpoint = note(`${keys[0].name}\n${size}\n${root(leaves).toString("base64")}\n`);
  return Buffer.concat([
    Buffer.from("kokoroe-receipt@v1\nrecord "), Buffer.from(record), Buffer.from(`\nsalt ${salt.toString("base64")}\n`),
    quoted("text", text), quoted("declaration", declaration),
    Buffer.from(`\nc2sp.org/tlog-proof@v1\nindex ${seq}\n${path(seq, leaves).map((h) => `${h.toString("base64")}\n`).join("")}`),
    Buffer.from(`\n${checkpoint}\n${keys.map((k) => k.line(checkpoint)).join("")}`),
  ]);
}

const quoted = (name, text) => Buffer.from(text === undefined ? "" : `${name}\n${text.split("\n").map((l) => `|${l}\n`).join("")}`);

// RFC 6962, section 2.1, as it stands there.
const half = (n) => 2 ** Math.floor(Math.log2(n - 1));

function root(leaves) {
  if (leaves.length === 1) return leaves[0];
  const k = half(leaves.length);
  return sha256(Buffer.from([1]), root(leaves.slice(0, k)), root(leaves.slice(k)));
}

function path(m, leaves) {
  if (leaves.length === 1) return [];
  const k = half(leaves.length);
  return m < k ? [...path(m, leaves.slice(0, k)), root(leaves.slice(k))] : [...path(m - k, leaves.slice(k)), root(leaves.slice(0, k))];
}
