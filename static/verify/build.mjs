// Writes kokoroe-verify.html: the page src/page.html with its styles and
// scripts in it, so that the file is all that somebody needs. Its output is
// committed, so that building the program needs neither Node nor a network.
// With --check, it only says whether the committed file is what would be
// written.

import { build, transform } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const at = (path) => new URL(path, import.meta.url);
const from = (path) => readFileSync(at(path), "utf8");
const command = "cd static/verify && npm ci && npm run build";
const output = at("kokoroe-verify.html");
const target = ["chrome87", "firefox78", "safari14.1"]; // BigInt, and what came with it

async function script(entry, globalName) {
  const { outputFiles } = await build({
    entryPoints: [at(`src/${entry}`).pathname], bundle: true, write: false, format: "iife", globalName,
    target, minify: true, charset: "ascii", legalComments: "none", absWorkingDir: at(".").pathname,
  });
  return `${outputFiles[0].text.trim()}\n`;
}

// The portal's look: its tokens, of those only what is used, and its base.
async function style() {
  const own = from("../css/base.css") + from("src/page.css") + from("src/result.css");
  const tokens = from("../css/tokens.css");
  const values = new Map([...tokens.matchAll(/^ {2}(--[\w-]+): (.*);$/gm)].map(([, name, value]) => [name, value]));
  const used = new Set();
  const use = (text) => {
    for (const [, name] of text.matchAll(/var\((--[\w-]+)\)/g)) {
      if (used.has(name) || !values.has(name)) continue;
      used.add(name);
      use(values.get(name));
    }
  };
  use(own);
  const root = `:root{${[...used].sort().map((name) => `${name}:${values.get(name)}`).join(";")}}`;
  const { code } = await transform(root + own, { loader: "css", minify: true, target });
  return `${code.trim()}\n`;
}

// Browsers hash what stands between the tags, to the byte.
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

function licences() {
  return ["curves", "hashes"].map((name) => {
    const { version } = JSON.parse(from(`node_modules/@noble/${name}/package.json`));
    return `@noble/${name} ${version}\n\n${from(`node_modules/@noble/${name}/LICENSE`).trim()}`;
  }).join("\n\n") + `\n\n@digital-go-jp/design-tokens\n\n${from("../tokens/LICENSE-design-tokens.txt").trim()}` +
    `\n\nLucide\n\n${from("../tokens/LICENSE-lucide.txt").trim()}`;
}

const symbols = (names) => names.map((name) => {
  const found = from("../img/icons.svg").match(new RegExp(`<symbol id="${name}".*</symbol>`));
  if (!found) throw new Error(`no icon ${name}`);
  return found[0];
}).join("\n");

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const css = await style();
const core = await script("core.js", "KokoroeVerify");
const page = await script("page.js");
const policy = [
  "default-src 'none'", `script-src ${hash(core)} ${hash(page)}`, `style-src ${hash(css)}`, "img-src data:",
  "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
].join("; ");
const mark = `data:image/svg+xml;base64,${Buffer.from(from("../img/favicon.svg")).toString("base64")}`;
const parts = {
  command, policy, css, core, page, mark, licences: escape(licences()),
  icons: symbols(["check", "alert", "info", "minus", "print", "upload", "lock", "key", "close"]),
};
const html = from("src/page.html").replace(/\{\{(\w+)\}\}/g, (_, name) => {
  if (!(name in parts)) throw new Error(`page.html wants ${name}`);
  return parts[name];
});

if (process.argv.includes("--check")) {
  if (readFileSync(output, "utf8") !== html) {
    console.error(`static/verify/kokoroe-verify.html is not what its sources give. Build and commit it:\n    ${command}`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(output, html);
  console.log(`kokoroe-verify.html, ${html.length} characters`);
}
