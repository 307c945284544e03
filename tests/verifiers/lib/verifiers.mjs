// The verifiers, each as the command that somebody would type.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

export const verifiers = [
  { name: "Python", command: ["python3", "-B", path("verify.py")] },
  { name: "JavaScript", command: [process.execPath, path("verify.mjs")] },
];

const atOnce = 250; // command lines have a length

// answers asks a verifier about files and returns what it says of each, without
// the file's name: the objects of --json, in the order of files.
export function answers({ name, command }, policy, files) {
  const out = [];
  for (let i = 0; i < files.length; i += atOnce) {
    const some = files.slice(i, i + atOnce);
    const { status, stdout, stderr } = run(command, ["--policy", policy, "--json", ...some]);
    const lines = stdout.split("\n").filter(Boolean).map((l) => JSON.parse(l));
    if (stderr || lines.length !== some.length) throw new Error(`${name} under ${policy}: exit code ${status}, ${lines.length} answers to ${some.length} files\n${stderr}`);
    const wanted = lines.every((l) => l.ok) ? 0 : 1;
    if (status !== wanted) throw new Error(`${name} under ${policy}: exit code ${status} instead of ${wanted} for ${some.join(" ")}`);
    lines.forEach(({ file, ...rest }, j) => {
      if (file !== some[j]) throw new Error(`${name} answers about ${file} instead of ${some[j]}`);
      out.push(rest);
    });
  }
  return out;
}

export function run([program, ...first], args) {
  const { status, stdout, stderr, error } = spawnSync(program, [...first, ...args], { encoding: "utf8", maxBuffer: 1 << 26 });
  if (error) throw new Error(`${program}: ${error.message}`);
  return { status, stdout, stderr };
}
