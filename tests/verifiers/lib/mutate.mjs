// Random changes of receipts, the same in every run.

// generator returns a function of random integers below n (mulberry32).
export function generator(seed) {
  return (n) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

// What a careless parser takes for something else: other spellings of digits
// and white space, marks that compose, bytes that are no text.
const tricky = [
  "\r", "\0", "\t", " ", "\u00a0", "\u2028", "\ufeff", "\ufffd", "\u0301", "\u3099", "\u0660", "é", "か\u3099", "\u{1f600}",
  "\\u0041", "\\ud800", "\\n", "+", "-", "0", "e0", ".0", "null", "true", "{}", "[]", '"', "\\", ",", ":", "=", "|", "—", "\n",
].map((s) => Buffer.from(s)).concat([[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]].map((b) => Buffer.from(b)));

const sameSort = Buffer.from("0123456789abcdefABCDEF+/=");

// mutate changes one to three places of the bytes.
export function mutate(random, good) {
  let b = Buffer.from(good);
  for (let n = 1 + random(3); n > 0 && b.length > 0; n--) b = change(random, b);
  return b;
}

function change(random, b) {
  const at = random(b.length);
  switch (random(9)) {
    case 0: return replaced(b, at, 1, Buffer.from([b[at] ^ (1 << random(8))]));
    case 1: return replaced(b, at, 1, Buffer.from([random(256)]));
    case 2: return replaced(b, at, 1, sameSort.subarray(random(sameSort.length)).subarray(0, 1));
    case 3: return replaced(b, at, 1 + random(8), Buffer.alloc(0));
    case 4: return replaced(b, at, 0, tricky[random(tricky.length)]);
    case 5: return replaced(b, at, 1, tricky[random(tricky.length)]);
    default: return changedLine(random, b);
  }
}

const replaced = (b, at, count, by) => Buffer.concat([b.subarray(0, at), by, b.subarray(Math.min(b.length, at + count))]);

function changedLine(random, b) {
  const lines = b.toString("latin1").split("\n");
  const i = random(lines.length);
  const j = random(lines.length);
  switch (random(4)) {
    case 0: [lines[i], lines[j]] = [lines[j], lines[i]]; break;
    case 1: lines.splice(i, 1); break;
    case 2: lines.splice(i, 0, lines[j]); break;
    default: lines[i] += " \r\t=0|"[random(6)];
  }
  return Buffer.from(lines.join("\n"), "latin1");
}
