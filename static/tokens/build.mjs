// Writes ../css/tokens.css from the tokens of the Digital Agency's design
// system and ../img/icons.svg from Lucide. Their output is committed, so that
// building the program needs neither Node nor a network.
import { readFileSync, writeFileSync } from "node:fs";

const from = (path) => readFileSync(new URL(`node_modules/${path}`, import.meta.url), "utf8");
const to = (path, text) => writeFileSync(new URL(`../${path}`, import.meta.url), text);
const version = (name) => JSON.parse(from(`${name}/package.json`)).version;
const command = "cd static/tokens && npm ci && npm run build";

// Fonts are chosen in base.css: the tokens' own are not on every office PC.
const tokens = from("@digital-go-jp/design-tokens/dist/tokens.css")
  .match(/^ {2}--(?!font-family).*;$/gm)
  .join("\n");
to("css/tokens.css", `/* Generated: ${command}
   @digital-go-jp/design-tokens ${version("@digital-go-jp/design-tokens")}, デジタル庁デザインシステム, MIT licence:
   ${from("@digital-go-jp/design-tokens/LICENSE").match(/^Copyright.*$/m)[0]} (see tokens/LICENSE-design-tokens.txt) */
:root {
${tokens}
}
`);

// Our name of an icon, and Lucide's.
const icons = {
  alert: "triangle-alert", check: "circle-check", info: "info", circle: "circle", retry: "rotate-ccw",
  pause: "circle-pause", progress: "circle-dot", minus: "circle-minus", history: "history", clock: "clock",
  pencil: "pencil", hand: "message-circle-question-mark", globe: "globe", person: "circle-user-round",
  inbox: "inbox", next: "chevron-right", back: "chevron-left", down: "chevron-down", download: "download",
  upload: "upload", print: "printer", search: "search", book: "book-open-text", quiz: "list-checks",
  pledge: "file-check", mail: "mail", phone: "phone", lock: "lock", shield: "shield-check", people: "users",
  building: "building-2", account: "megaphone", calendar: "calendar-days", receipt: "scroll-text",
  external: "external-link", close: "x", plus: "plus", chart: "chart-column-big", filter: "funnel", key: "key-round",
};
const symbols = Object.entries(icons).map(([ours, theirs]) => {
  const inner = from(`lucide-static/icons/${theirs}.svg`)
    .replace(/^[\s\S]*?<svg[^>]*>/, "").replace("</svg>", "").trim().replace(/\s*\n\s*/g, "");
  return `<symbol id="${ours}" viewBox="0 0 24 24">${inner}</symbol>`;
});
to("img/icons.svg", `<!-- Generated: ${command}
Lucide ${version("lucide-static")}, ISC licence: Copyright (c) Lucide Icons and Contributors; parts from Feather, MIT (see tokens/LICENSE-lucide.txt) -->
<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">
${symbols.join("\n")}
</svg>
`);
writeFileSync(new URL("LICENSE-design-tokens.txt", import.meta.url), from("@digital-go-jp/design-tokens/LICENSE"));
writeFileSync(new URL("LICENSE-lucide.txt", import.meta.url), from("lucide-static/LICENSE"));
