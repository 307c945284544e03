// The receipt file, read strictly: whatever is accepted could not have been
// written otherwise.

import { concat, decode, hash, indexOf, number, startsWith, utf8 } from "./bytes.js";
import { parseCheckpoint } from "./checkpoint.js";
import { Refused } from "./refused.js";

export const maxReceipt = 1 << 20; // bytes
const maxRecord = 1 << 16;
const maxPath = 63;

const first = utf8("kokoroe-receipt@v1\n");
const proof = "c2sp.org/tlog-proof@v1";
const lineEnd = utf8("\n");
const bar = utf8("|");

// parseReceipt returns the parts of the file; it verifies nothing. text and
// declaration are bytes, null where there is none. Refused: too_large,
// not_receipt, line_invalid.
export function parseReceipt(data) {
  if (data.length > maxReceipt) throw new Refused("too_large");
  if (!startsWith(data, first)) throw new Refused("not_receipt");
  const lines = new Lines(data);
  lines.next();
  const record = lines.after("record ");
  if (utf8(record).length > maxRecord) throw lines.invalid(`the record has more than ${maxRecord} bytes`);
  const salt = hash(lines.after("salt "));
  if (!salt) throw lines.invalid("the salt is not the base64 of 32 bytes");
  const text = lines.quoted("text");
  const declaration = lines.quoted("declaration");
  lines.exactly("");
  lines.exactly(proof);
  const index = number(lines.after("index "));
  if (index === null) throw lines.invalid("the index is not a number");
  const path = readPath(lines);
  return { record, salt, text, declaration, index, path, checkpoint: parseCheckpoint(lines.rest(), lines.number + 1) };
}

function readPath(lines) {
  const path = [];
  for (let line = lines.next(); line !== ""; line = lines.next()) {
    const h = hash(line);
    if (!h || path.push(h) > maxPath) throw lines.invalid(`a hash in base64 is wanted here, at most ${maxPath} of them`);
  }
  return path;
}

// Lines reads line by line. number is that of the line read last.
class Lines {
  constructor(data) {
    Object.assign(this, { data, at: 0, number: 0 });
  }

  rest() { return this.data.subarray(this.at); }

  bytes() {
    this.number++;
    const end = indexOf(this.data, lineEnd, this.at);
    if (end < 0) throw this.invalid("the line does not end with U+000A");
    const line = this.data.subarray(this.at, end);
    const text = decode(line);
    if (text === null) throw this.invalid("the line is not UTF-8");
    this.at = end + 1;
    return { line, text };
  }

  next() { return this.bytes().text; }

  after(prefix) {
    const line = this.next();
    if (!line.startsWith(prefix)) throw this.invalid(`"${prefix.trim()}" is wanted here`);
    return line.slice(prefix.length);
  }

  exactly(wanted) {
    if (this.next() !== wanted) throw this.invalid(wanted ? `"${wanted}" is wanted here` : "an empty line is wanted here");
  }

  quoted(name) {
    if (!startsWith(this.rest(), utf8(`${name}\n`))) return null;
    this.next();
    const parts = [];
    while (startsWith(this.rest(), bar)) {
      if (parts.length) parts.push(lineEnd);
      parts.push(this.bytes().line.subarray(1));
    }
    if (!parts.length) {
      this.number++;
      throw this.invalid(`a line of the ${name} is wanted here`);
    }
    return concat(...parts);
  }

  invalid(detail) { return new Refused("line_invalid", { line: this.number, detail }); }
}
