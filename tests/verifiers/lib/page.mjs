// The verifier as the page carries it: what is tested is what is handed out.

import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";

const page = new URL("../../../static/verify/kokoroe-verify.html", import.meta.url);

// core runs the page's first script, which is the verifier without the page.
export function core() {
  const script = /<script id="core">([\s\S]*?)<\/script>/.exec(readFileSync(page, "utf8"))?.[1];
  if (!script) throw new Error(`no verifier in ${page.pathname}`);
  return runInThisContext(`(() => {${script}\n;return KokoroeVerify;})()`, { filename: "kokoroe-verify.html" });
}
