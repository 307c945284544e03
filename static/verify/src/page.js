// What happens on the page: a receipt and keys are chosen, and checked.

import { show } from "./show.js";
import { count, languages, say } from "./words.js";

const core = globalThis.KokoroeVerify;
const $ = (id) => document.getElementById(id);

let lang = (navigator.languages ?? []).map((l) => l.slice(0, 2)).find((l) => languages.includes(l)) ?? "ja";
let file = null; // the receipt that was chosen
let checked = null; // what is shown
const errors = { receipt: null, trust: null }; // what is wrong with the fields: [key, args]

function speak(to) {
  lang = to;
  document.documentElement.lang = lang;
  for (const e of document.querySelectorAll("[data-say]")) e.textContent = say(lang, e.dataset.say);
  for (const e of document.querySelectorAll("[data-say-label]")) e.setAttribute("aria-label", say(lang, e.dataset.sayLabel));
  for (const b of document.querySelectorAll("button.language")) b.setAttribute("aria-pressed", String(b.value === lang));
  document.title = `${say(lang, "title")} - ${say(lang, "brand")}`;
  chosen();
  Object.keys(errors).forEach(complain);
  if (checked) show($("result"), { ...checked, lang });
}

function chosen() {
  $("chosen").hidden = file === null;
  if (file) $("chosen").textContent = say(lang, "receipt.chosen", { name: file.name, size: count(lang, file.size) });
}

function complain(field) {
  const message = $(`${field}-error`);
  message.hidden = errors[field] === null;
  message.textContent = errors[field] ? errors[field](lang) : "";
  if (errors[field]) $(field).setAttribute("aria-invalid", "true");
  else $(field).removeAttribute("aria-invalid");
}

function wrong(field, sentence) {
  errors[field] = sentence;
  complain(field);
}

// choose takes another receipt; what was said of the one before goes away.
function choose(next) {
  file = next ?? null;
  forget();
  wrong("receipt", null);
  chosen();
}

// forget takes a result away that no longer belongs to what was chosen.
function forget() {
  checked = null;
  $("result").hidden = true;
}

// trusted reads the field: one verifier key, or a policy. What is pasted may
// have lost its last line end, or come with those of another system.
function trusted() {
  const text = $("trust").value.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n").trim();
  if (text === "") {
    wrong("trust", (l) => say(l, "trust.missing"));
    return null;
  }
  const key = !/\s/.test(text);
  try {
    const policy = core.parsePolicy(core.utf8(key ? `log ${text}\nquorum none\n` : `${text}\n`));
    wrong("trust", null);
    return policy;
  } catch (err) {
    const { code, line } = err;
    if (!code) throw err;
    wrong("trust", (l) => (line && !key ? say(l, "trust.line", { line, what: say(l, code) }) : say(l, code)));
    return null;
  }
}

async function readTrust(from) {
  forget();
  if (from.size > core.maxPolicy) {
    wrong("trust", (l) => say(l, "policy_too_large"));
    return;
  }
  try {
    $("trust").value = await from.text();
    trusted();
  } catch (err) {
    if (!(err instanceof DOMException)) throw err;
    wrong("trust", (l) => say(l, "result.unread"));
  }
}

// read returns the receipt's bytes. A file that is too large is not read: the
// first bytes of it are enough to say so.
async function read() {
  const end = Math.min(file.size, core.maxReceipt + 1);
  return new Uint8Array(await file.slice(0, end).arrayBuffer());
}

async function check() {
  if (!file) wrong("receipt", (l) => say(l, "receipt.missing"));
  const trust = trusted();
  if (!file || !trust) {
    $(file ? "trust" : "receipt").focus();
    return;
  }
  const of = { core, trust, at: Date.now(), file: { name: file.name, size: file.size } };
  try {
    const data = file.size > core.maxReceipt ? null : await read();
    if (data === null) checked = { ...of, problem: "too_large" };
    else if (data.length === 0) checked = { ...of, problem: "empty" };
    else checked = { ...of, file: { ...of.file, digest: core.sha256Hex(data) }, result: core.examine(data, trust) };
  } catch (err) {
    if (!(err instanceof DOMException)) throw err;
    forget();
    wrong("receipt", (l) => say(l, "result.unread"));
    $("receipt").focus();
    return;
  }
  show($("result"), { ...checked, lang });
  $("result-heading").focus({ preventScroll: true });
  $("result").scrollIntoView({ block: "start" });
}

function start() {
  for (const b of document.querySelectorAll("button.language")) b.addEventListener("click", () => speak(b.value));
  $("receipt").addEventListener("change", (e) => choose(e.target.files[0]));
  $("trust").addEventListener("input", () => {
    forget();
    wrong("trust", null);
  });
  $("trust-file").addEventListener("change", (e) => e.target.files[0] && readTrust(e.target.files[0]));
  $("form").addEventListener("submit", (e) => {
    e.preventDefault();
    check();
  });
  dropping($("drop"));
  $("form").hidden = false;
  $("no-script").hidden = true;
}

// dropping lets a file be dropped into the box; one that is dropped beside it
// must not replace the page.
function dropping(box) {
  const over = (e) => {
    e.preventDefault();
    box.classList.toggle("is-over", box.contains(e.target));
  };
  for (const name of ["dragenter", "dragover"]) document.addEventListener(name, over);
  document.addEventListener("dragleave", () => box.classList.remove("is-over"));
  document.addEventListener("drop", (e) => {
    e.preventDefault();
    box.classList.remove("is-over");
    const dropped = e.dataTransfer?.files?.[0];
    if (!dropped || !box.contains(e.target)) return;
    $("receipt").value = ""; // the field shows what was chosen in it, and that no longer counts
    choose(dropped);
  });
}

// A browser that cannot do the mathematics has no verifier, and keeps the
// notice that it starts with.
if (core) start();
speak(lang);
