// What the journeys know about the content: titles, declarations, and the
// right answers, found by the wording of the question.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { repository } from "./portal.mjs";

const folder = join(repository, "content");
const read = (...path) => parse(readFileSync(join(folder, ...path), "utf8"));

export const course = (id) => read("courses", id, "course.yaml");
export const declaration = (id) => read("declarations", `${id}.yaml`);

// signIn returns the sample person who shows a role: {number, as, provider}.
export function signIn(as) {
  const person = read("sample", "sign-ins.yaml").people.find((p) => p.as === as);
  if (!person) throw new Error(`nobody in content/sample/sign-ins.yaml is "${as}"`);
  return person;
}

export const account = (id) => read("sample", "accounts.yaml").accounts.find((a) => a.id === id);

// squash leaves what a reader sees of a wording: no ruby marks, no spaces.
export function squash(s) {
  return s.replace(/\{([^{}|]+)\|[^{}|]+\}/g, "$1").replace(/\s+/g, "").normalize("NFC");
}

const questions = new Map();

function bank(lang) {
  if (questions.has(lang)) return questions.get(lang);
  const all = new Map();
  for (const id of readdirSync(join(folder, "courses"))) {
    for (const file of readdirSync(join(folder, "courses", id, "questions"))) {
      for (const q of read("courses", id, "questions", file)) all.set(squash(q.stem[lang] ?? q.stem.ja), q);
    }
  }
  questions.set(lang, all);
  return all;
}

// answers returns the squashed wording of the options to choose: the right
// ones, or as many wrong ones.
export function answers(lang, stem, right = true) {
  const q = bank(lang).get(squash(stem));
  if (!q) throw new Error(`no question in the content reads: ${stem}`);
  return q.options
    .filter((o) => Boolean(o.correct) === right)
    .slice(0, q.choose)
    .map((o) => squash(o.text[lang] ?? o.text.ja));
}
