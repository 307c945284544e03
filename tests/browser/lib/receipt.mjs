// Receipts, as whoever signed something keeps them.

import { expectPaper } from "./paper.mjs";

// sealed waits on a receipt's page until the log's signature covers the
// record, and returns the record's number and the receipt file.
export async function sealed(visit) {
  const number = /^\/receipts\/(\d+)$/.exec(visit.path)?.[1];
  visit.expect(number !== undefined, `a receipt, not ${visit.path}`);
  const file = visit.page.locator(`main a[href="/receipts/${number}/file"]`);
  for (let tries = 0; !(await file.isVisible()); tries++) {
    visit.expect(tries < 10, "the receipt to be sealed within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await visit.go(visit.path);
  }
  const { name, bytes } = await visit.download(file);
  visit.expect(bytes.length > 500, `a receipt file ${name} of more than ${bytes.length} bytes`);
  const paper = await visit.download(visit.page.locator(`main a[href="/receipts/${number}/pdf"]`));
  visit.expect(paper.name === `kokoroe-${number}.pdf` && paper.bytes.subarray(0, 5).toString() === "%PDF-", `a PDF, not ${paper.name}`);
  await expectPaper(visit, 1); // a receipt is one sheet
  return { number, name, bytes };
}
