// Runs the journeys in a real browser: node run.mjs [WORD…]. With words, only
// those cases whose names have all of them, such as: node run.mjs employee ja.
//
// KOKOROE_BIN names a program that is already built; SHOTS=1 keeps pictures in
// screenshots/; CHROMIUM names the browser; JOBS says how many run at once; EACH
// says in how many of the variants each journey is made, which are not the same
// for the next one. On MongoDB: go run kokoroe/tests/mongodb node run.mjs.

import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { build, start, storeName } from "./lib/portal.mjs";
import { Visit } from "./lib/visit.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const shots = process.env.SHOTS === "1" ? join(here, "screenshots") : null;

// Four of the eight combinations: every pair of values is among them.
const variants = [
  { lang: "ja", js: true, width: 360 },
  { lang: "en", js: false, width: 360 },
  { lang: "en", js: true, width: 1440 },
  { lang: "ja", js: false, width: 1440 },
].map((v) => ({ ...v, name: `${v.lang}-${v.width}-${v.js ? "script" : "no-script"}` }));

const browserFlags = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

async function journeys() {
  const files = (await readdir(join(here, "journeys"))).filter((f) => f.endsWith(".mjs")).sort();
  return Promise.all(files.map(async (f) => ({ name: f.slice(0, -".mjs".length), ...(await import(`./journeys/${f}`)) })));
}

async function run(test, program, browser, failures) {
  const began = Date.now();
  const folder = join(failures, test.name.replaceAll(" ", "-"));
  let portal, context, visit, trouble;
  try {
    portal = await start(program);
    context = await browser.newContext({
      locale: { ja: "ja-JP", en: "en-US" }[test.variant.lang], timezoneId: "Asia/Tokyo",
      viewport: { width: test.variant.width, height: 800 }, reducedMotion: "reduce",
    });
    context.setDefaultTimeout(15_000);
    visit = new Visit(portal, await context.newPage(), test.variant, { shots, failures: folder });
    await visit.scripts(test.variant.js);
    await test.journey.default(visit);
  } catch (err) {
    trouble = err.name === "Error" ? err.message : err.stack;
    await visit?.keep("end");
  }
  const faults = visit?.faults ?? [];
  const passed = !trouble && faults.length === 0;
  console.log(`${passed ? "ok   " : "FAIL "} ${test.name}  ${visit?.pages ?? 0} pages, ${seconds(began)}`);
  if (!passed) {
    const lines = [...faults];
    if (trouble) lines.push(trouble, ...(visit ? [`at ${visit.path}, after:`, ...visit.steps.slice(-6).map((s) => `  ${s}`)] : []));
    if (visit) {
      lines.push(`kept in ${folder}`);
      await writeFile(join(folder, "portal.log"), portal.log.join("\n"));
    }
    console.log(lines.join("\n").replace(/^/gm, "      "));
  }
  await context?.close().catch(() => {}); // the browser may be gone already
  await portal?.stop();
  return passed;
}

const seconds = (began) => `${((Date.now() - began) / 1000).toFixed(1)} s`;

async function main() {
  const words = process.argv.slice(2);
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}: install Debian's chromium, or name one in CHROMIUM`);
  const all = await journeys();
  const each = Number(process.env.EACH ?? variants.length);
  const cases = variants
    .flatMap((variant, v) => all.map((journey, j) => ({ journey, variant, turn: (v + j) % variants.length, name: `${journey.name} ${variant.name}` })))
    .filter((c) => c.turn < each)
    .filter((c) => words.every((w) => c.name.includes(w)));
  if (cases.length === 0) throw new Error(`no journey's name has ${words.join(" and ")}`);

  const failures = process.env.FAILURES ?? (await mkdtemp(join(tmpdir(), "kokoroe-failures-")));
  const bin = await mkdtemp(join(tmpdir(), "kokoroe-bin-"));
  let browser;
  try {
    const program = process.env.KOKOROE_BIN ?? (await build(bin));
    browser = await chromium.launch({ executablePath, args: browserFlags });
    const began = Date.now();
    const waiting = [...cases];
    let failed = 0;
    const worker = async () => {
      for (let test; (test = waiting.shift()); ) if (!(await run(test, program, browser, failures))) failed++;
    };
    const jobs = Number(process.env.JOBS ?? Math.min(2, availableParallelism()));
    await Promise.all(Array.from({ length: jobs }, worker));
    console.log(`\n${cases.length - failed} of ${cases.length} journeys passed on ${storeName} in ${seconds(began)}`);
    if (failed) console.log(`pictures and pages of the ${failed} that failed: ${failures}`);
    return failed ? 1 : 0;
  } finally {
    await browser?.close();
    await rm(bin, { recursive: true, force: true });
  }
}

main().then(
  (code) => (process.exitCode = code),
  (err) => {
    console.error(err.message);
    process.exitCode = 1;
  },
);
