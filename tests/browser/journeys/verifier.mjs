// Somebody who trusts nobody: the page that verifies receipts, opened from disk
// and from a server, with a receipt that was just handed out and with bad ones.

import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { once } from "node:events";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { say } from "../../../static/verify/src/words.js";
import { stands } from "../lib/check.mjs";
import { declaration } from "../lib/content.mjs";
import { repository } from "../lib/portal.mjs";
import { sealed } from "../lib/receipt.mjs";

const file = join(repository, "static/verify/kokoroe-verify.html");
const html = readFileSync(file, "utf8");
const vectors = join(repository, "app/evidence/testdata/vectors");

export default async function (visit) {
  const receipt = await handedOut(visit);
  const served = await serve();
  try {
    for (const address of [pathToFileURL(file).href, served.address]) {
      await visit.page.goto(address);
      if (visit.js) {
        await verified(visit, receipt);
        await silent(visit, served.address);
      } else await withoutScript(visit);
    }
    visit.expect(served.asked.every((path) => path === "/"), `nothing asked for but the page, not ${served.asked}`);
  } finally {
    served.close();
  }
}

// handedOut acknowledges something, and returns the receipt and the log's key.
async function handedOut(visit) {
  await visit.signIn("contractor");
  await visit.use(visit.page.locator("main .task-title a"), "open the obligations");
  await visit.press(declaration("contractor-worker").button[visit.lang]);
  const { name, bytes } = await sealed(visit);
  return { file: { name, mimeType: "application/octet-stream", buffer: bytes }, key: publicKey(join(visit.portal.data, "log.key")) };
}

// publicKey is the verifier key of a signing key (C2SP signed-note).
function publicKey(path) {
  const [, , name, , ...encoded] = readFileSync(path, "utf8").trim().split("+");
  const seed = Buffer.from(encoded.join("+"), "base64").subarray(1);
  const key = createPrivateKey({ key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]), format: "der", type: "pkcs8" });
  const blob = Buffer.concat([Buffer.from([1]), createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32)]);
  const hash = createHash("sha256").update(`${name}\n`).update(blob).digest("hex").slice(0, 8);
  return `${name}+${hash}+${blob.toString("base64")}`;
}

async function serve() {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(request.url === "/" ? 200 : 404, { "Content-Type": "text/html; charset=utf-8" });
    response.end(request.url === "/" ? html : "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { asked, address: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

// silent tries to send something from the page, in the ways that there are.
async function silent(visit, address) {
  visit.step("send something from the page");
  const sent = await visit.page.evaluate(async (to) => {
    const blocked = [];
    document.addEventListener("securitypolicyviolation", (e) => blocked.push(e.effectiveDirective));
    const asked = await fetch(`${to}sent-by-fetch`).then(() => true, () => false);
    navigator.sendBeacon(`${to}sent-by-beacon`, "text");
    new Image().src = `${to}sent-by-picture`;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { asked, blocked: [...new Set(blocked)].sort().join(" ") };
  }, address);
  visit.noise.splice(0); // the browser complains of each, as it should
  visit.expect(!sent.asked && sent.blocked === "connect-src img-src", `every way to be barred by the page's policy, not ${JSON.stringify(sent)}`);
}

async function withoutScript(visit) {
  visit.expect(await visit.page.locator("#no-script").isVisible(), "a word on why nothing can be verified");
  visit.expect(!(await visit.page.locator("#form").isVisible()), "no form that does nothing");
  await looked(visit, "no-script");
}

async function verified(visit, receipt) {
  const { page, lang } = visit;
  const t = (key, args) => say(lang, key, args);
  visit.expect((await page.title()).startsWith(t("title")), "a title in the browser's language");
  visit.expect(!(await page.locator("#no-script").isVisible()), "no word of a script that is missing");
  await looked(visit, "start");

  visit.step("verify nothing");
  await submit(visit);
  await visit.sees(t("receipt.missing"));
  await visit.sees(t("trust.missing"));
  await focus(visit, "receipt");

  visit.step("verify a receipt that was handed out");
  await page.setInputFiles("#receipt", receipt.file);
  await page.fill("#trust", receipt.key);
  await result(visit, "result.ok");
  await visit.sees(t("kind.policy.acknowledged/v1"));
  await visit.sees(t("step.signature.passed"));
  visit.expect((await page.locator(".step-failed, .step-skipped").count()) === 0, "every step to hold");
  await looked(visit, "good");

  visit.step("change the language, and back");
  const other = lang === "ja" ? "en" : "ja";
  await page.click(`button.language[value="${other}"]`);
  await visit.sees(say(other, "result.ok"));
  visit.expect((await page.locator("html").getAttribute("lang")) === other, `lang="${other}"`);
  await page.click(`button.language[value="${lang}"]`);

  visit.step("verify a changed receipt");
  const changed = Buffer.from(receipt.file.buffer);
  changed[changed.indexOf("\n|") + 2] ^= 1;
  await page.setInputFiles("#receipt", { ...receipt.file, buffer: changed });
  visit.expect(!(await page.locator("#result").isVisible()), "no result of another file");
  await result(visit, "error.text_differs");
  await visit.sees(t("says.doubtful"));
  await looked(visit, "changed");

  visit.step("verify with a policy from a file, and with too few witnesses");
  await page.setInputFiles("#trust-file", join(vectors, "two-of-three.policy"));
  await page.setInputFiles("#receipt", join(vectors, "witnessed-by-two.receipt"));
  await result(visit, "result.ok");
  await looked(visit, "witnessed");
  await page.setInputFiles("#receipt", join(vectors, "one-witness-of-two.receipt"));
  await result(visit, "error.quorum_missing");

  visit.step("a policy with a mistake");
  await page.fill("#trust", "log abc\nquorum none");
  await submit(visit);
  await visit.sees(t("trust.line", { line: 1, what: t("not_key") }));
  await focus(visit, "trust");
  await looked(visit, "mistake");
  await page.fill("#trust", receipt.key);

  for (const [error, path] of Object.entries(bad(visit, receipt))) {
    visit.step(`verify a file that is bad: ${error}`);
    await page.setInputFiles("#receipt", path);
    await result(visit, `error.${error}`);
  }
  await looked(visit, "bad");

  visit.step("drop a file");
  await dropped(visit, receipt.file);
  await visit.sees(t("receipt.chosen", { name: "dropped.receipt", size: "" }).split("dropped")[0]);
  await result(visit, "result.ok");
  await visit.page.emulateMedia({ media: "print" });
  visit.expect(!(await page.locator("#form").isVisible()), "no form on paper");
  await visit.page.emulateMedia({ media: null });
}

// bad makes files that are no receipts, by the error that they must give.
function bad(visit, { file: { buffer } }) {
  const put = (name, bytes) => {
    const path = join(visit.portal.data, name);
    writeFileSync(path, bytes);
    return path;
  };
  const large = put("large.receipt", "kokoroe-receipt@v1\n");
  truncateSync(large, 2 ** 30);
  return {
    too_large: large, empty: put("empty.receipt", ""), not_receipt: join(vectors, "a-picture.receipt"),
    line_invalid: put("cut.receipt", buffer.subarray(0, buffer.indexOf("\nsalt") + 10)),
  };
}

async function dropped(visit, { buffer }) {
  const transfer = await visit.page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "dropped.receipt"));
    return data;
  }, buffer.toString("utf8"));
  await visit.page.dispatchEvent("#drop", "drop", { dataTransfer: transfer });
}

async function submit(visit) {
  await visit.page.click("button[type=submit]");
}

// result verifies, and waits for a sentence of the answer.
async function result(visit, key) {
  await submit(visit);
  const words = say(visit.lang, key, { line: 3 });
  await visit.page.locator("#result .verdict").getByText(words, { exact: false }).first().waitFor();
  await focus(visit, "result-heading");
}

async function focus(visit, id) {
  const now = await visit.page.evaluate(() => document.activeElement?.id);
  visit.expect(now === id, `the focus on ${id}, not on ${now}`);
}

async function looked(visit, name) {
  visit.pages++;
  const found = [...visit.noise.splice(0), ...(await stands(visit, html))];
  if (found.length) visit.faults.push(`kokoroe-verify.html, ${name}\n  ${found.join("\n  ")}`);
  await visit.shot(`verifier-${name}`);
}
