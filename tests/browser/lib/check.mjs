// What has to be right on every page that a journey reaches.

import { AxeBuilder } from "@axe-core/playwright";
import { FileSystemConfigLoader, HtmlValidate } from "html-validate";
import { fileURLToPath } from "node:url";

const standards = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const validator = new HtmlValidate(new FileSystemConfigLoader());
const config = fileURLToPath(new URL("../page.html", import.meta.url)); // whose configuration is htmlvalidate.json

// narrowest is the width that 400 % zoom leaves of 1280 px.
const narrowest = 320;

// problems returns what is wrong with the page, each as a line or two.
export async function problems(visit) {
  const { page, lang } = visit;
  const found = [...visit.noise.splice(0)];
  const title = (await page.title()).trim();
  if (!title) found.push("the page has no title");

  const facts = await page.evaluate(() => ({
    h1: document.querySelectorAll("h1").length,
    lang: document.documentElement.lang,
    inline: document.querySelectorAll("[style], style, script:not([src])").length,
    summary: document.querySelector(".error-summary") !== null,
    autofocus: document.activeElement?.id ?? "",
  }));
  if (facts.h1 !== 1) found.push(`${facts.h1} elements h1 instead of one`);
  if (facts.lang !== lang) found.push(`<html lang="${facts.lang}"> instead of "${lang}"`);
  if (facts.inline) found.push(`${facts.inline} inline scripts or styles`);
  if (facts.summary) {
    if (!title.startsWith(visit.text("common.title.error").trim())) found.push(`something failed, but the title is "${title}"`);
    if (facts.autofocus !== "error-summary") found.push("the error summary does not have the focus");
  }

  return [...found, ...(await stands(visit, await visit.served()))];
}

// stands returns what is wrong with a page whoever serves it; html is what was
// served.
export async function stands(visit, html) {
  return [...(await tooWide(visit.page)), ...(await validated(html)), ...(await accessible(visit))];
}

async function tooWide(page) {
  const before = page.viewportSize();
  const found = [];
  for (const width of new Set([before.width, Math.min(before.width, narrowest)])) {
    if (width !== page.viewportSize().width) await page.setViewportSize({ ...before, width });
    const over = await page.evaluate(() => {
      const width = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= width) return null;
      const out = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > width + 1);
      return `${document.documentElement.scrollWidth} px: ${out.slice(-3).map((e) => e.outerHTML.slice(0, 120)).join(" … ")}`;
    });
    if (over) found.push(`scrolls sideways at ${width} px: ${over}`);
  }
  if (before.width !== page.viewportSize().width) await page.setViewportSize(before);
  return found;
}

async function validated(html) {
  if (html === null) return ["the page was not served as HTML"];
  const report = await validator.validateString(html, config);
  return report.results.flatMap((r) =>
    r.messages.map((m) => `html-validate ${m.ruleId} at ${m.line}:${m.column}: ${m.message}\n    ${(html.split("\n")[m.line - 1] ?? "").trim().slice(0, 160)}`),
  );
}

// shapes are the structures that axe has looked at, in each variant. Pages of
// the same elements and classes, such as one question after the other, are
// alike to it: its rules are about structure and style.
const shapes = new Set();

async function accessible(visit) {
  const shape = await visit.page.evaluate(() =>
    [...new Set([...document.querySelectorAll("*")].map((e) => `${e.parentElement?.tagName} ${e.tagName} ${e.className.baseVal ?? e.className} ${e.getAttribute("role")}`))].sort().join(","),
  );
  const key = `${visit.name} ${new URL(visit.page.url()).pathname.split("/")[1]} ${shape}`;
  if (shapes.has(key)) return [];

  // axe waits by timers, which stand still where scripts may not run. They are
  // let run for as long as it takes; the page's own were never loaded.
  if (!visit.js) await visit.scripts(true);
  // The legacy mode analyses in the page itself: without frames the result is
  // the same, and no second page is opened.
  const result = await new AxeBuilder({ page: visit.page }).options({ resultTypes: ["violations"] }).withTags(standards).setLegacyMode(true).analyze();
  if (!visit.js) await visit.scripts(false);
  if (result.violations.length === 0) shapes.add(key);
  return result.violations.map((v) =>
    `axe ${v.id} (${v.impact}): ${v.help}\n${v.nodes.slice(0, 4).map((n) => `    ${n.html.slice(0, 200)}\n      ${(n.failureSummary ?? "").replace(/\s+/g, " ").slice(0, 240)}`).join("\n")}`,
  );
}
