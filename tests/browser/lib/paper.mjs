// What comes out of the printer.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

// expectPaper prints the page on A4, as the style sheet has it, and counts the
// sheets.
export async function expectPaper(visit, sheets) {
  const file = await visit.page.pdf({ format: "A4", preferCSSPageSize: true });
  const printed = file.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  if (printed !== sheets) {
    await mkdir(visit.failures, { recursive: true });
    await writeFile(join(visit.failures, "printed.pdf"), file);
  }
  visit.expect(printed === sheets, `${visit.path} on ${sheets} sheet of A4, not ${printed}`);
}
