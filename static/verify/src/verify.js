// The check of a receipt, step by step.

import { base64, decode, equal, hex, utf8 } from "./bytes.js";
import { checkLog, checkWitnesses } from "./checkpoint.js";
import { parseReceipt } from "./receipt.js";
import { parseRecord, shown } from "./record.js";
import { Refused } from "./refused.js";
import { leafHash, rootFrom, sha256 } from "./tree.js";

// stepNames are the steps in the order in which a person reads them.
export const stepNames = ["file", "record", "text", "declaration", "tree", "signature", "witnesses"];

// The order in which the first failure names the receipt's error; what a later
// step would say may follow from it.
const blame = ["file", "record", "text", "declaration", "signature", "tree", "witnesses"];

// examine checks everything that can be checked and returns
// { ok, error, line, steps: { name: { outcome, code, line, detail } }, receipt,
// record, signers, witnesses }. An outcome is "passed", "failed", "skipped"
// (something before it failed) or "absent" (there is nothing to check). What was
// not reached is undefined.
export function examine(data, policy) {
  const steps = Object.fromEntries(stepNames.map((name) => [name, { outcome: "skipped" }]));
  const step = (name, check) => {
    try {
      const value = check();
      steps[name] = { outcome: value === null ? "absent" : "passed" };
      return value;
    } catch (err) {
      if (!(err instanceof Refused)) throw err;
      const { code, line, detail } = err;
      steps[name] = { outcome: "failed", code, line, detail };
      return undefined;
    }
  };
  const out = { steps, signers: [], witnesses: [] };
  const receipt = (out.receipt = step("file", () => parseReceipt(data)));
  if (receipt) {
    const record = (out.record = step("record", () => parseRecord(receipt.record)));
    if (record) for (const name of ["text", "declaration"]) step(name, () => sameText(receipt[name], shown(record, name), name));
    step("tree", () => inTree(receipt));
    out.signers = step("signature", () => checkLog(receipt.checkpoint, policy)) ?? [];
    if (steps.signature.outcome === "passed") out.witnesses = step("witnesses", () => witnessed(receipt.checkpoint, policy)) ?? [];
  }
  const failed = blame.find((name) => steps[name].outcome === "failed");
  return { ...out, ok: failed === undefined, error: steps[failed]?.code, line: steps[failed]?.line };
}

function sameText(text, digest, name) {
  if (text === null && digest === null) return null;
  if (text === null || digest === null || hex(sha256(text)) !== digest) throw new Refused(`${name}_differs`);
  return true;
}

function inTree({ salt, record, index, path, checkpoint }) {
  const root = rootFrom(index, checkpoint.size, leafHash(salt, utf8(record)), path);
  if (!root || !equal(root, checkpoint.root)) throw new Refused("not_in_log");
  return true;
}

// witnessed is null when no witness is asked for and none signed.
function witnessed(checkpoint, policy) {
  const found = checkWitnesses(checkpoint, policy);
  return policy.quorum === "none" && found.length === 0 ? null : found;
}

// summary is the result as all verifiers print it.
export function summary(result) {
  if (!result.ok) return { ok: false, error: result.error, ...(result.line === undefined ? {} : { line: result.line }) };
  const { receipt, record, signers, witnesses } = result;
  return {
    ok: true, seq: receipt.index, origin: decode(receipt.checkpoint.origin), size: receipt.checkpoint.size,
    root: base64(receipt.checkpoint.root), kind: record.get("kind"), subject: record.get("subject") ?? "",
    at: record.get("at"), signers, witnesses: witnesses.map((w) => w.name),
  };
}
