// The engine is built against a C library newer than Debian 12's. Debian 13's
// stands beside it then, unpacked into a cache folder: nothing of the system is
// touched, and nothing but the engine's own process uses it.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const suite = "trixie";
const wanted = [2, 38];
const packages = ["libc6", "libstdc++6", "libgcc-s1"];
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const loaders = { x64: "ld-linux-x86-64.so.2", arm64: "ld-linux-aarch64.so.1" };

/** Whether this process runs on a C library that the engine can be loaded into. */
export function libraryIsNew() {
  const version = process.report.getReport().header.glibcVersionRuntime;
  if (!version) return process.platform !== "linux";
  const [major, minor] = version.split(".").map(Number);
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
}

/**
 * The command that runs Node on the newer library: the loader and its
 * arguments. The first call downloads what it needs.
 */
export async function nodeOnNewerLibrary() {
  const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "kokoroe", `library-${suite}`);
  if (!existsSync(cache)) await fetchLibrary(cache);
  const folders = [];
  for (const base of ["usr/lib", "lib"]) {
    const folder = path.join(cache, base);
    if (!existsSync(folder)) continue;
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name.endsWith("-linux-gnu")) folders.push(path.join(folder, entry.name));
    }
  }
  const loader = folders.map((folder) => path.join(folder, loaders[process.arch] ?? "")).find((file) => existsSync(file));
  if (!loader) throw new Error(`${cache} holds no loader for ${process.arch}: remove the folder and try again`);
  return [loader, "--library-path", folders.join(":"), process.execPath];
}

/** Where this machine gets its Debian from: its own sources say. */
async function mirror() {
  const format = "$(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT)";
  const { stdout } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  for (const line of stdout.split("\n")) {
    const [address, release, , component] = line.split(" ");
    // Not the updates, not the security archive, nobody else's packages.
    if (component === "main" && /^[a-z]+$/.test(release)) return address;
  }
  throw new Error("this machine's package sources name no Debian mirror");
}

/** Unpacks the packages into folder, which appears whole or not at all. */
async function fetchLibrary(folder) {
  await mkdir(path.dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}.`);
  try {
    const apt = path.join(work, "apt");
    for (const part of ["lists/partial", "archives/partial", "sources.d", "packages"]) {
      await mkdir(path.join(apt, part), { recursive: true });
    }
    await writeFile(path.join(apt, "sources.list"), `deb [signed-by=${keyring}] ${await mirror()} ${suite} main\n`);
    await writeFile(path.join(apt, "status"), ""); // as if nothing were installed: the newest is what is wanted
    const options = Object.entries({
      "Dir::Etc::sourcelist": path.join(apt, "sources.list"),
      "Dir::Etc::sourceparts": path.join(apt, "sources.d"),
      "Dir::Etc::preferencesparts": path.join(apt, "sources.d"),
      "Dir::Etc::preferences": path.join(apt, "no-preferences"),
      "Dir::State": apt,
      "Dir::State::status": path.join(apt, "status"),
      "Dir::Cache": apt,
      "APT::Sandbox::User": os.userInfo().username, // its own user may not read a private cache folder
      "Acquire::Languages": "none",
    }).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    await run("apt-get", [...options, "-qq", "update"]);
    await run("apt-get", [...options, "-qq", "download", ...packages], { cwd: path.join(apt, "packages") });
    const files = (await readdir(path.join(apt, "packages"))).filter((name) => name.endsWith(".deb"));
    if (files.length !== packages.length) throw new Error(`${files.length} packages came, and ${packages.length} were asked for`);
    const tree = path.join(work, "tree");
    for (const file of files) await run("dpkg-deb", ["-x", path.join(apt, "packages", file), tree]);
    await rename(tree, folder).catch((error) => {
      if (!existsSync(folder)) throw error; // somebody else was faster otherwise
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
