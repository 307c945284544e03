// What the page says, in each language. {name} stands for an argument.

import { detailInJapanese } from "./details-ja.js";
import { en } from "./words-en.js";
import { ja } from "./words-ja.js";

const all = { ja, en };

export const languages = Object.keys(all);

// say returns the sentence for a key. A key without words is a mistake here,
// and is shown as such instead of hiding a result.
export function say(lang, key, args = {}) {
  const words = all[lang][key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => String(args[name] ?? ""));
}

export const has = (lang, key) => key in all[lang];

// detail is what a step found, in the reader's language, or null when there is
// nothing more to say. Of a signature it is the key's name.
export function detail(lang, { code, detail: text }) {
  if (!text) return null;
  return lang === "ja" && code !== "signature_wrong" ? detailInJapanese(text) : text;
}

const tags = { ja: "ja-JP-u-ca-japanese", en: "en-GB" };

// when writes a time in milliseconds as a date in Japan, and utc the same in the
// spelling of RFC 3339; what is no date that a calendar has stays a number.
export function when(lang, ms) {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return String(ms);
  const local = new Intl.DateTimeFormat(tags[lang], {
    timeZone: "Asia/Tokyo", year: "numeric", month: "long", day: "numeric", weekday: "short",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).format(date);
  return say(lang, "when", { local });
}

export function utc(ms) {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

export const count = (lang, n) => new Intl.NumberFormat(lang).format(n);
