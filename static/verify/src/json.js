// JSON in the canonical form of RFC 8785, as far as a record may use it: there
// are only integers.

export const maxDepth = 32;

// canonical writes a value. Members stand in the order of their UTF-16 code
// units, which is how JavaScript compares strings.
export function canonical(v) {
  if (Array.isArray(v)) return `[${v.map(canonical).join(",")}]`;
  if (v instanceof Map) {
    const names = [...v.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${names.map((n) => `${JSON.stringify(n)}:${canonical(v.get(n))}`).join(",")}}`;
  }
  return JSON.stringify(v);
}

// parse reads text that is canonical, and throws an Error for any other. An
// object becomes a Map: a member called __proto__ is one like any other, and
// one that stands twice is seen.
export function parse(text) {
  const v = new Reader(text).all();
  if (canonical(v) !== text) throw new Error("it is not in the canonical form of RFC 8785");
  return v;
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
  }

  all() {
    const v = this.value();
    if (this.at !== this.text.length) throw new Error("something stands behind it");
    return v;
  }

  token(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  is(c) {
    if (this.text[this.at] !== c) return false;
    this.at++;
    return true;
  }

  value() {
    if (++this.depth > 2 * maxDepth) throw new Error("it is nested too deep"); // far from what the stack holds
    const v = this.is("{") ? this.object() : this.is("[") ? this.list() : this.scalar();
    this.depth--;
    return v;
  }

  object() {
    const o = new Map();
    if (this.is("}")) return o;
    do {
      const name = this.string();
      if (o.has(name)) throw new Error("a member stands twice");
      if (!this.is(":")) throw new Error("it is not JSON");
      o.set(name, this.value());
    } while (this.is(","));
    if (!this.is("}")) throw new Error("it is not JSON");
    return o;
  }

  list() {
    const out = [];
    if (this.is("]")) return out;
    do out.push(this.value());
    while (this.is(","));
    if (!this.is("]")) throw new Error("it is not JSON");
    return out;
  }

  string() {
    const raw = this.token(/"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y);
    if (raw === undefined) throw new Error("it is not JSON");
    const s = JSON.parse(raw);
    if (/[\ud800-\udfff]/u.test(s)) throw new Error("it holds half of a surrogate pair");
    return s;
  }

  scalar() {
    if (this.text[this.at] === '"') return this.string();
    const word = this.token(/true|false|null|-?(?:0|[1-9][0-9]{0,16})(?![0-9.eE])/y);
    if (word === undefined) throw new Error("it holds what is neither JSON nor a small integer");
    const v = JSON.parse(word);
    if (typeof v === "number" && !Number.isSafeInteger(v)) throw new Error("it holds an integer of more than 53 bits");
    return v;
  }
}

// check throws an Error for what a record's values may not be.
export function check(v, depth = 0) {
  if (depth > maxDepth) throw new Error(`it is nested deeper than ${maxDepth}`);
  if (v === null) throw new Error("it holds a null");
  if (typeof v === "string" && (v.includes("\ufffd") || v.normalize("NFC") !== v)) {
    throw new Error("a string is not in Normalization Form C, or holds U+FFFD");
  }
  if (v instanceof Map) for (const [name, e] of v) [name, e].forEach((x) => check(x, depth + 1));
  if (Array.isArray(v)) v.forEach((e) => check(e, depth + 1));
}
