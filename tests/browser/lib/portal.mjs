// The portal that a journey walks through: the real program with its sample
// city, in a folder of its own, so that no journey sees what another one did.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../..", import.meta.url));

const startTimeout = 60_000;

// day is when every journey is made, whatever the year: by then the sample city has
// something of everything.
const day = "2026-11-24";
const keptLines = 60;

// No portal outlives the run, however that ends.
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

// build compiles the program into folder and returns its path.
export async function build(folder) {
  const program = join(folder, "kokoroe");
  const go = spawn("go", ["build", "-o", program, "./cmd/kokoroe"], { cwd: repository, stdio: ["ignore", "inherit", "inherit"] });
  const [code] = await once(go, "exit");
  if (code !== 0) throw new Error(`go build ./cmd/kokoroe: exit code ${code}`);
  return program;
}

// address is the MongoDB server of the tests, when there is one: go run
// ./tests/mongodb starts it.
const address = process.env.KOKOROE_TEST_MONGODB_URI;
if (!address && process.env.KOKOROE_TEST_REQUIRE === "1") throw new Error("KOKOROE_TEST_MONGODB_URI is not set, and nothing may be skipped");

export const storeName = address ? "MongoDB" : "SQLite";

// store is a setting for a new database there.
function store() {
  if (!address) return [];
  const [, hosts, options] = /^([^/]*:\/\/[^/]+)\/?[^?]*(\?.*)?$/.exec(address);
  return ["--store", `${hosts}/browser_${randomUUID()}${options ?? ""}`];
}

// start runs the demonstration and returns when it answers.
export async function start(program) {
  const data = await mkdtemp(join(tmpdir(), "kokoroe-browser-"));
  const child = spawn(program, ["demo", "--date", day, "--listen", "127.0.0.1:0", "--data", data, ...store()], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const log = [];
  const keep = (line) => {
    log.push(line);
    if (log.length > keptLines) log.shift();
  };
  createInterface({ input: child.stderr }).on("line", keep);
  const exited = once(child, "exit");
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await exited;
      clearTimeout(timer);
    }
    await rm(data, { recursive: true, force: true });
  };
  try {
    const url = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no "ready" line after ${startTimeout / 1000} s`)), startTimeout);
      createInterface({ input: child.stdout }).on("line", (line) => {
        keep(line);
        const ready = /^ready (http\S+)/.exec(line);
        if (ready) {
          clearTimeout(timer);
          resolve(ready[1]);
        }
      });
      child.once("error", reject);
      exited.then(([code, signal]) => reject(new Error(`kokoroe demo ended before it was ready (${signal ?? `exit code ${code}`})`)));
    });
    return { url, log, data, stop };
  } catch (err) {
    await stop();
    err.message += `\n${log.join("\n")}`;
    throw err;
  }
}
