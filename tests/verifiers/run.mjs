// Holds the verifiers to the table of answers in app/evidence/testdata/vectors,
// and to each other on receipts that nobody thought of: npm test.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { detail } from "../../static/verify/src/words.js";
import { core } from "./lib/page.mjs";
import { digest, Key, receipt } from "./lib/log.mjs";
import { generator, mutate } from "./lib/mutate.mjs";
import { answers, run, verifiers } from "./lib/verifiers.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const vectors = join(repository, "app/evidence/testdata/vectors");
const table = JSON.parse(readFileSync(join(vectors, "vectors.json"), "utf8"));
const mutations = 2000;
const seed = 20261126;

let scratch;
before(() => { scratch = mkdtempSync(join(tmpdir(), "kokoroe-verifiers-")); });
after(() => rmSync(scratch, { recursive: true, force: true }));

function put(name, bytes) {
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return path;
}

test("the page is what its sources give", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(repository, "static/verify/build.mjs"), "--check"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
});

// padded is the file, or a copy that is filled up with spaces.
const padded = ({ file, pad }) => {
  if (!pad) return join(vectors, file);
  return put(`padded-${pad}-${basename(file)}`, Buffer.concat([readFileSync(join(vectors, file)), Buffer.alloc(pad, " ")]).subarray(0, pad));
};

describe("vectors", () => {
  for (const verifier of verifiers) {
    for (const policy of new Set(table.receipts.map((r) => r.policy))) {
      const rows = table.receipts.filter((r) => r.policy === policy);
      test(`${verifier.name}: ${rows.length} receipts under ${policy}`, () => {
        const got = answers(verifier, join(vectors, policy), rows.map(padded));
        const wrong = rows.flatMap(({ name, file, want }, i) => same(got[i], want) ? [] : [`${name} (${file})\n    answers ${JSON.stringify(got[i])}\n    wanted  ${JSON.stringify(want)}`]);
        assert.equal(wrong.length, 0, `${verifier.name} answers wrongly about\n${wrong.join("\n")}`);
      });
    }
    test(`${verifier.name}: ${table.policies.length} policies`, () => {
      const [good] = table.receipts;
      const wrong = table.policies.flatMap(({ file, ok, line }) => {
        const { status, stderr } = run(verifier.command, ["--policy", join(vectors, file), join(vectors, good.file)]);
        if (ok ? status !== 2 : status === 2 && stderr.includes(`line ${line}:`)) return [];
        return [`${file}: ${ok ? "is good" : `is wrong in line ${line}`}, but exit code ${status}: ${stderr}`];
      });
      assert.equal(wrong.length, 0, `${verifier.name} reads wrongly\n${wrong.join("\n")}`);
    });
  }
});

// The command says in English what it found; the page also in Japanese.
test("every detail has its words in Japanese", () => {
  const { examine, parsePolicy } = core();
  const without = table.receipts.flatMap((row) => {
    const { steps } = examine(readFileSync(padded(row)), parsePolicy(readFileSync(join(vectors, row.policy))));
    return Object.values(steps).filter((s) => s.detail && detail("ja", s) === null).map((s) => `${row.file}: ${s.detail}`);
  });
  assert.deepEqual(without, []);
});

const same = (a, b) => { try { assert.deepEqual(a, b); return true; } catch { return false; } };

// agree asks all verifiers about the files and fails with every file that they
// differ about, and where to find it.
function agree(policy, files) {
  const all = verifiers.map((v) => answers(v, policy, files));
  const apart = files.filter((_, i) => all.some((a) => !same(a[i], all[0][i])));
  if (apart.length === 0) return all[0];
  const folder = process.env.FAILURES ?? mkdtempSync(join(tmpdir(), "kokoroe-disagreements-"));
  const lines = apart.slice(0, 20).map((file) => {
    const kept = join(folder, basename(file));
    writeFileSync(kept, readFileSync(file));
    return [kept, ...verifiers.map((v, n) => `    ${v.name}: ${JSON.stringify(all[n][files.indexOf(file)])}`)].join("\n");
  });
  assert.fail(`the verifiers differ about ${apart.length} of ${files.length} files under ${policy}:\n${lines.join("\n")}`);
}

// The places where implementations of Ed25519 differ: a cofactor, S that is not
// reduced, points in other spellings. The key itself is trusted as it stands.
describe("edges of Ed25519", () => {
  const edges = {
    "plain": true, "key-of-order-one": true, "key-not-reduced": true, "key-of-minus-zero": true, "key-off-the-curve": false,
    "r-not-reduced": false, "r-of-minus-zero": false, "r-with-a-cofactor": false, "s-beyond-the-order": false,
  };
  const file = (name) => fileURLToPath(new URL(`testdata/${name}`, import.meta.url));
  for (const verifier of verifiers) {
    test(verifier.name, () => {
      for (const [name, ok] of Object.entries(edges)) {
        const [got] = answers(verifier, file(`${name}.policy`), [file(`${name}.receipt`)]);
        assert.equal(got.ok ? "ok" : got.error, ok ? "ok" : "signature_wrong", name);
      }
    });
  }
});

const log = new Key("city.example/kokoroe/1", 1);
const witness = new Key("witness.pref.example", 4);
const policyText = `log ${log.text}\nwitness prefecture ${witness.text}\nquorum prefecture\n`;
const text = "# 方針\n\n|縦棒\n";
const declaration = "守ることを約束します。";
const record = JSON.stringify({
  actor: "p-1", at: 1775012400123, body: { declaration: digest(declaration), list: [1, "é", { x: true }], policy: "sample", text: digest(text), version: 1 },
  key: "ack|p-1|2026", kind: "policy.acknowledged/v1", language: "ja", object: "policy:sample", program: "1.0.0", scope: "2026",
  signin: { acr: "mfa", amr: ["pwd", "otp"], auth_at: 1775012100123, issuer: "https://id.city.example", provider: "city" }, subject: "p-1", v: 1,
});

describe("random changes", () => {
  test(`${mutations} changed receipts`, () => {
    const random = generator(seed);
    const policy = put("mutations.policy", policyText);
    const originals = [0, 6].map((seq) => receipt([log, witness], record, { text, declaration, seq }))
      .concat(receipt([log, witness], record.replace(/"body":\{.*?\}\]?.*?,"key"/, '"body":{},"key"'), { seq: 0, size: 1 }));
    const files = Array.from({ length: mutations }, (_, i) => put(`changed-${i}.receipt`, mutate(random, originals[i % originals.length])));
    const got = agree(policy, files);
    // Whatever is accepted is an original, or one with its signature lines in
    // another order, which says the same.
    const lines = (bytes) => bytes.toString("latin1").split("\n").sort().join("\n");
    const accepted = files.filter((file, i) => got[i].ok && !originals.some((o) => lines(o) === lines(readFileSync(file))));
    assert.deepEqual(accepted, [], "changed receipts are accepted");
    assert.ok(new Set(got.map((g) => g.error)).size >= 6, "the changes do not come far enough");
  });

  test(`${mutations} receipts of changed records`, () => {
    const random = generator(seed + 1);
    const policy = put("records.policy", policyText);
    const made = Array.from({ length: mutations }, () => mutate(random, Buffer.from(record)));
    const files = made.map((r, i) => put(`record-${i}.receipt`, receipt([log, witness], r, { text, declaration })));
    const got = agree(policy, files);
    const accepted = got.filter((g) => g.ok).length;
    assert.ok(accepted > 20 && accepted < mutations / 2, `${accepted} of ${mutations} are accepted`);
  });
});

describe("bad input", () => {
  const cases = {
    "a gigabyte": ["too_large", (path) => { const f = openSync(path, "w"); ftruncateSync(f, 2 ** 30); closeSync(f); }],
    "nothing": ["not_receipt", (path) => writeFileSync(path, "")],
    "binary": ["not_receipt", (path) => writeFileSync(path, Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) % 256)))],
    "a record of brackets": ["record_malformed", (path) => writeFileSync(path, receipt([log], `{"body":${"[".repeat(60_000)}`))],
    "a record of digits": ["record_malformed", (path) => writeFileSync(path, receipt([log], `{"at":${"9".repeat(60_000)}}`))],
  };
  for (const verifier of verifiers) {
    for (const [name, [error, make]] of Object.entries(cases)) {
      test(`${verifier.name}: ${name}`, () => {
        const path = join(scratch, `bad-${name}`);
        make(path);
        assert.deepEqual(answers(verifier, put("bad.policy", policyText), [path]), [{ ok: false, error }]);
        const { stdout, stderr } = run(verifier.command, ["--policy", join(scratch, "bad.policy"), path]);
        assert.match(stdout, /^\S.*REFUSED: .+\n$/, "one line says what is wrong");
        assert.equal(stderr, "");
      });
    }
    test(`${verifier.name}: a file that is not there, no policy, no receipt`, () => {
      const policy = put("usage.policy", policyText);
      for (const args of [["--policy", policy, join(scratch, "nowhere")], ["--policy", join(scratch, "nowhere"), policy], [policy], ["--policy", policy]]) {
        const { status, stderr } = run(verifier.command, args);
        assert.equal(status, 2, args.join(" "));
        assert.notEqual(stderr, "");
        assert.doesNotMatch(stderr, /Traceback|\n {4}at /);
      }
    });
  }
});
