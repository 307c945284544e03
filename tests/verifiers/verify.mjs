#!/usr/bin/env node
// Verifies receipts with the very script that kokoroe-verify.html carries:
//
//     node verify.mjs --policy FILE [--json] RECEIPT…
//
// Exit codes: 0 every receipt verifies, 1 some does not, 2 wrong command line,
// policy or file.

import { closeSync, openSync, readSync } from "node:fs";
import { parseArgs } from "node:util";
import { core } from "./lib/page.mjs";

const usage = "usage: node verify.mjs --policy FILE [--json] RECEIPT…";

// read returns at most limit bytes: what is larger is refused for its size.
function read(path, limit) {
  const file = openSync(path, "r");
  try {
    const out = Buffer.alloc(limit);
    let size = 0;
    for (let n; size < limit && (n = readSync(file, out, size, limit - size, null)) > 0; ) size += n;
    return new Uint8Array(out.subarray(0, size));
  } finally {
    closeSync(file);
  }
}

function inWords(r, detail) {
  if (!r.ok) return `${r.file}: REFUSED: ${r.line ? `line ${r.line}: ` : ""}${r.error}${detail ? ` (${detail})` : ""}`;
  const by = [...r.signers, ...r.witnesses.map((w) => `witness ${w}`)].join(" and ");
  return `${r.file}: verifies: ${r.kind}, entry ${r.seq} of ${r.size} in ${r.origin}, signed by ${by}`;
}

function main() {
  let args;
  try {
    args = parseArgs({ allowPositionals: true, options: { policy: { type: "string" }, json: { type: "boolean" } } });
  } catch (err) {
    console.error(`${err.message}\n${usage}`);
    return 2;
  }
  const { values, positionals } = args;
  if (!values.policy || positionals.length === 0) {
    console.error(usage);
    return 2;
  }
  const { examine, maxPolicy, maxReceipt, parsePolicy, summary } = core();
  let policy;
  try {
    policy = parsePolicy(read(values.policy, maxPolicy + 1));
  } catch (err) {
    console.error(`${values.policy}: ${err.message}`);
    return 2;
  }
  let code = 0;
  for (const path of positionals) {
    let data;
    try {
      data = read(path, maxReceipt + 1);
    } catch (err) {
      console.error(err.message);
      code = 2;
      continue;
    }
    const result = examine(data, policy);
    const out = { file: path, ...summary(result) };
    const detail = Object.values(result.steps).find((s) => s.code === result.error)?.detail;
    console.log(values.json ? JSON.stringify(out) : inWords(out, detail));
    code ||= result.ok ? 0 : 1;
  }
  return code;
}

process.exitCode = main();
