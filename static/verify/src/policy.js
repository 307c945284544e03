// The trust policy: whose signatures count, and how many witnesses it takes.

import { decode, equal } from "./bytes.js";
import { keyID, logKey, parseKey, witnessKey } from "./key.js";

export const maxPolicy = 1 << 16; // bytes

// PolicyError names what is wrong as a code, and the line where one is to blame.
export class PolicyError extends Error {
  constructor(code, line) {
    super(line ? `line ${line}: ${code}` : code);
    Object.assign(this, { code, line });
  }
}

// parsePolicy reads the bytes of a policy file.
export function parsePolicy(bytes) {
  if (bytes.length > maxPolicy) throw new PolicyError("policy_too_large");
  const text = decode(bytes);
  if (text === null) throw new PolicyError("policy_not_text");
  const policy = new Policy();
  const lines = text.split("\n");
  lines.forEach((line, i) => {
    if (line !== "" && i === lines.length - 1) throw new PolicyError("policy_line_end", i + 1);
    if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(line)) throw new PolicyError("policy_not_text", i + 1);
    if (line === "" || line.startsWith("#")) return;
    try {
      policy.line(line.split(/[ \t]/));
    } catch (err) {
      throw new PolicyError(err.message, i + 1);
    }
  });
  if (policy.logs.size === 0) throw new PolicyError("no_log", lines.length);
  if (policy.quorum === null) throw new PolicyError("no_quorum", lines.length);
  return policy;
}

// Policy holds the keys of logs and witnesses by keyID, the latter with the name
// that the policy gives them, in its order.
class Policy {
  constructor() {
    Object.assign(this, { logs: new Map(), witnesses: new Map(), groups: new Map(), names: new Set(), quorum: null });
  }

  line([word, ...rest]) {
    if (this.quorum !== null) throw new Error("quorum_not_last");
    if (word === "log" && rest.length === 1) {
      add(this.logs, parseKey(rest[0], logKey));
    } else if (word === "witness" && rest.length === 2) {
      this.#name(rest[0]);
      add(this.witnesses, { ...parseKey(rest[1], witnessKey), witness: rest[0] });
    } else if (word === "group" && rest.length >= 3) {
      this.#group(rest[0], rest[1], rest.slice(2));
    } else if (word === "quorum" && rest.length === 1) {
      if (rest[0] !== "none") this.#member(rest[0]);
      this.quorum = rest[0];
    } else {
      throw new Error("not_policy");
    }
  }

  #name(name) {
    if (!/^[A-Za-z0-9._-]+$/.test(name) || name === "none") throw new Error("not_name");
    if (this.names.has(name)) throw new Error("name_twice");
    this.names.add(name);
  }

  #member(name) {
    if (!this.names.has(name)) throw new Error("not_defined");
  }

  #group(name, k, members) {
    members.forEach((m) => this.#member(m));
    this.#name(name);
    if (new Set(members).size !== members.length) throw new Error("member_twice");
    const need = k === "all" ? members.length : k === "any" ? 1 : /^[1-9][0-9]{0,4}$/.test(k) ? Number(k) : 0;
    if (need < 1 || need > members.length) throw new Error("group_count");
    this.groups.set(name, { need, members });
  }

  // satisfied tells whether the witnesses, by name, are enough.
  satisfied(witnesses) {
    const right = new Set(["none", ...witnesses]);
    for (const [name, { need, members }] of this.groups) { // each stands behind its members
      if (members.filter((m) => right.has(m)).length >= need) right.add(name);
    }
    return right.has(this.quorum);
  }
}

// add takes a key once: the same bytes under two names would let one witness
// count as two.
function add(keys, key) {
  const id = keyID(key.name, key.hash);
  if (keys.has(id) || [...keys.values()].some((k) => equal(k.public, key.public))) throw new Error("key_twice");
  keys.set(id, key);
}
