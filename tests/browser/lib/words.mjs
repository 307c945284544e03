// The words of the pages: journeys name buttons and links by message ID, so
// that they hold in every language and a changed wording breaks nothing.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { repository } from "./portal.mjs";

const folder = join(repository, "locales");
const catalogues = new Map();

function catalogue(lang) {
  if (!catalogues.has(lang)) {
    const all = {};
    for (const file of readdirSync(folder)) {
      if (file.endsWith(`.${lang}.yaml`)) Object.assign(all, parse(readFileSync(join(folder, file), "utf8")));
    }
    catalogues.set(lang, all);
  }
  return catalogues.get(lang);
}

function message(lang, id, count) {
  const m = catalogue(lang)[id];
  if (m === undefined) throw new Error(`no message ${id} in ${lang}`);
  if (typeof m === "string") return m;
  return count === 1 && m.one !== undefined ? m.one : m.other;
}

// text is the message with its arguments.
export function text(lang, id, args = {}) {
  return message(lang, id, args.Count).replace(/\{\{\.(\w+)\}\}/g, (_, name) => {
    if (!(name in args)) throw new Error(`message ${id} wants ${name}`);
    return String(args[name]);
  });
}

// pattern matches the message whatever its arguments are.
export function pattern(lang, id) {
  const forms = [message(lang, id, 1), message(lang, id, 2)].map((s) =>
    s.split(/\{\{[^}]*\}\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+?"),
  );
  return new RegExp([...new Set(forms)].join("|"));
}
