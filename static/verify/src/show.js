// The result of a check, in words.

import { el, facts, icon, source } from "./dom.js";
import { count, detail, has, say, utc, when } from "./words.js";

const icons = { passed: "check", failed: "alert", absent: "minus", skipped: "minus" };

// show fills the section of the page. checked is { lang, core, file: { name,
// size, digest }, at, trust, result }; without a result, problem is the key of
// the sentence that says why there is none.
export function show(section, checked) {
  const t = (key, args) => say(checked.lang, key, args);
  const ok = checked.result?.ok === true;
  section.replaceChildren(
    el("h2", { id: "result-heading", tabindex: "-1" }, t("result.heading")),
    verdict(checked, ok, t),
    ...details(checked, t),
    el("p", { class: "actions" }, printButton(t)),
  );
  section.className = ok ? "is-ok" : "is-failed";
  section.hidden = false;
}

function verdict({ result, problem }, ok, t) {
  if (ok) {
    return el("div", { class: "verdict verdict-ok" }, icon("check"),
      el("div", {}, el("p", { class: "verdict-words" }, t("result.ok")), el("p", {}, t("result.ok.text"))));
  }
  const why = t(`error.${problem ?? result.error}`, { line: result?.line });
  const foreign = ["signature_unknown", "quorum_missing"].includes(result?.error);
  const next = !isReceipt(result) ? null : el("p", {}, t("result.failed.next"), foreign ? ` ${t("result.again")}` : "");
  return el("div", { class: "verdict verdict-failed" }, icon("alert"),
    el("div", {}, el("p", { class: "verdict-words" }, t("result.failed")), el("p", { class: "verdict-why" }, why), next));
}

function printButton(t) {
  const button = el("button", { type: "button", class: "button button-outline" }, icon("print"), t("result.print"));
  button.addEventListener("click", () => window.print());
  return button;
}

// details are what there is to say: nothing of a file that is no receipt, and
// only where it breaks of one that cannot be read.
function details(checked, t) {
  const { result } = checked;
  return [
    ...(result?.record ? says(checked, result.ok, t) : []),
    ...(isReceipt(result) ? steps(checked, t) : []),
    ...values(checked, t),
  ];
}

const isReceipt = (result) => result !== undefined && result.error !== "not_receipt";

function says(checked, ok, t) {
  const { result: { record, receipt, signers, witnesses }, lang, core } = checked;
  const body = record.get("body");
  const kind = record.get("kind");
  return [
    el("h3", {}, t("says.heading")),
    ok ? null : el("p", { class: "warning" }, t("says.doubtful")),
    facts([
      [t("says.kind"), [t(has(lang, `kind.${kind}`) ? `kind.${kind}` : "kind.other"), " ", code(kind)]],
      [t("says.at"), moment(lang, record.get("at"))],
      [t("says.subject"), id(record.get("subject"))],
      [t("says.actor"), record.get("actor") === record.get("subject") ? null : id(record.get("actor"))],
      [t("says.object"), id(record.get("object"))],
      [t("says.scope"), id(record.get("scope"))],
      ...bodyFacts(kind, body, t),
      [t("says.signin"), signin(record.get("signin"))],
      [t("says.language"), id(record.get("language"))],
      [t("says.program"), id(record.get("program"))],
      [t("says.seq"), String(receipt.index)],
      [t("says.size"), t("says.size.of", { size: count(lang, receipt.checkpoint.size) })],
      [t("says.origin"), code(core.decode(receipt.checkpoint.origin) ?? "")],
      [t("says.signers"), signers.length ? signers.map((s) => line(code(s))) : t("says.none")],
      [t("says.witnesses"), witnesses.length
        ? witnesses.map((w) => el("span", { class: "line line-group" }, code(w.name), ...moment(lang, Number(w.at) * 1000))) : t("says.none")],
    ]),
    ...shown("text", checked, ok, t),
    ...shown("declaration", checked, ok, t),
  ].filter(Boolean);
}

// bodyFacts are what kinds say that people know; all the rest of a body is in
// the source of the record.
function bodyFacts(kind, body, t) {
  const plain = (name) => (["string", "number"].includes(typeof body.get(name)) ? String(body.get(name)) : undefined);
  if (kind === "course.passed/v1") {
    return [[t("says.score"), t("says.score.of", { right: plain("right"), of: plain("of"), pass: plain("pass") })]];
  }
  const ground = plain("ground");
  return [
    [t("says.version"), kind.startsWith("policy.") ? plain("version") : undefined],
    [t("says.ground"), ground && (t(`ground.${ground}`) === `ground.${ground}` ? ground : t(`ground.${ground}`))],
    [t("says.reason"), plain("reason") && el("span", { class: "verbatim" }, plain("reason"))],
  ];
}

function signin(o) {
  if (!o) return undefined;
  const parts = [o.get("provider"), o.get("issuer"), o.get("acr"), ...(o.get("amr") ?? [])];
  return parts.filter(Boolean).map((p) => line(code(p)));
}

const moment = (lang, ms) => [line(when(lang, ms)), el("span", { class: "line line-small" }, utc(ms))];
const code = (text) => el("code", { translate: "no" }, text);
const id = (text) => (text ? code(text) : undefined);
const line = (...children) => el("span", { class: "line" }, ...children);

function shown(name, { result, core }, ok, t) {
  const bytes = result.receipt[name];
  if (!bytes) return [];
  const passed = result.steps[name].outcome === "passed" && ok;
  const language = result.record.get("body").get("text_language") ?? result.record.get("language");
  const lang = typeof language === "string" && /^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$/.test(language) ? language : undefined;
  return [
    el("h3", {}, t(`${name}.heading`)),
    passed && name === "declaration" ? null : el("p", { class: "hint" }, t(passed ? "text.text" : "text.doubtful")),
    source(t(`${name}.heading`), core.decode(bytes), lang),
  ];
}

function steps({ result, lang }, t) {
  const more = (s) => {
    const words = detail(lang, s);
    return words ? [" ", el("span", { class: "step-detail" }, lang === "ja" ? `（${words}）` : `(${words})`)] : [];
  };
  const items = Object.entries(result.steps).map(([name, s]) =>
    el("li", { class: `step step-${s.outcome}` },
      el("div", { class: "step-head" },
        el("span", { class: "step-name" }, t(`step.${name}`)),
        el("span", { class: "outcome" }, icon(icons[s.outcome]), t(`outcome.${s.outcome}`))),
      el("p", {}, why(name, s, t), more(s))));
  return [el("h3", {}, t("steps.heading")), el("ol", { class: "steps" }, items)];
}

function why(name, { outcome, code: error, line: at }, t) {
  if (outcome === "failed") return t(`error.${error}`, { line: at });
  return outcome === "skipped" ? t("step.skipped") : t(`step.${name}.${outcome}`);
}

function checkedFacts({ file, at, lang, trust, result, core }, t) {
  const keys = [...trust.logs.values()].map((k) => line(code(`${k.name}+${core.hex(k.hash)}`)));
  return facts([
    [t("detail.file"), [code(file.name), ` (${count(lang, file.size)} B)`]],
    [t("detail.digest"), file.digest && code(file.digest)],
    [t("detail.checked"), moment(lang, at)],
    [t("detail.keys"), keys],
    [t("detail.quorum"), trust.quorum === "none" ? t("says.none") : code(trust.quorum)],
    [t("detail.root"), result?.receipt && code(core.base64(result.receipt.checkpoint.root))],
  ]);
}

function values(checked, t) {
  const receipt = checked.result?.receipt;
  const note = receipt && checked.core.decode(receipt.checkpoint.note);
  const more = (key, text) => (text ? el("details", {}, el("summary", {}, t(key)), source(t(key), text)) : null);
  return [
    el("h3", {}, t("detail.heading")),
    checkedFacts(checked, t),
    more("detail.record", receipt?.record),
    more("detail.checkpoint", note),
  ].filter(Boolean);
}
