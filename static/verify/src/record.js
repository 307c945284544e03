// The record: what happened, as the log keeps it.

import { utf8 } from "./bytes.js";
import { check, parse } from "./json.js";
import { Refused } from "./refused.js";

const maxField = 512; // bytes
const noTime = -62135596800000; // the beginning of the year 1

const members = new Set(["v", "kind", "key", "actor", "subject", "object", "scope", "at", "language", "signin", "program", "body"]);
const signinMembers = new Set(["provider", "issuer", "acr", "amr", "auth_at"]);
const kind = /^[a-z0-9_]+(\.[a-z0-9_]+)+\/v[1-9][0-9]*$/;

// parseRecord returns the record's members as a Map. Refused: record_malformed,
// record_version_unknown.
export function parseRecord(text) {
  try {
    const r = parse(text);
    if (!(r instanceof Map)) throw new Error("it is not an object");
    if (r.get("v") !== 1) throw new Refused("record_version_unknown");
    checkMembers(r);
    return r;
  } catch (err) {
    throw err instanceof Refused ? err : new Refused("record_malformed", { detail: err.message });
  }
}

function checkMembers(r) {
  only(r, members, "it");
  for (const name of ["kind", "key", "actor"]) field(name, r.get(name));
  for (const name of ["subject", "object", "scope", "language", "program"]) if (r.has(name)) field(name, r.get(name));
  if (!kind.test(r.get("kind"))) throw new Error("kind is not dotted words and a version");
  if (!isTime(r.get("at"))) throw new Error("at is no time");
  if (r.has("signin")) signin(r.get("signin"));
  if (!(r.get("body") instanceof Map)) throw new Error("body is no object");
  for (const v of r.values()) check(v);
}

const isTime = (v) => typeof v === "number" && v !== noTime;

function only(o, known, where) {
  for (const name of o.keys()) if (!known.has(name)) throw new Error(`${where} has a member ${name.slice(0, 40)}`);
}

function field(name, v) {
  if (typeof v !== "string" || v === "" || utf8(v).length > maxField || /[\u0000-\u001f\u007f]/.test(v)) {
    throw new Error(`${name} is no string of 1 to ${maxField} bytes without control characters`);
  }
}

function signin(o) {
  if (!(o instanceof Map) || o.size === 0) throw new Error("signin is no object with members");
  only(o, signinMembers, "signin");
  for (const name of ["provider", "issuer", "acr"]) if (o.has(name)) field(name, o.get(name));
  if (o.has("amr")) {
    if (!Array.isArray(o.get("amr")) || o.get("amr").length === 0) throw new Error("amr is no list of strings");
    o.get("amr").forEach((m) => field("amr", m));
  }
  if (o.has("auth_at") && (!isTime(o.get("auth_at")) || o.get("auth_at") === 0)) throw new Error("auth_at is no time");
}

// shown is the digest of a text that was shown, in hex, or null when the record
// names none: a kind may use the member's name for something else.
export function shown(record, name) {
  const v = record.get("body").get(name);
  return typeof v === "string" ? (/^sha256:([0-9a-f]{64})$/.exec(v)?.[1] ?? null) : null;
}
