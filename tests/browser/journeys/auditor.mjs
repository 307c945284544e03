// The auditor finds the record that somebody left, reads the exact text that
// was shown, and sees that it verifies; draws a sample, counts everything, and
// compares checkpoints, the log's own and one out of a receipt.

import { declaration, signIn } from "../lib/content.mjs";
import { sealed } from "../lib/receipt.mjs";

export default async function (visit) {
  await visit.signIn("contractor");
  await visit.use(visit.page.locator("main .task-title a"), "open the obligations");
  const { button } = declaration("contractor-worker");
  await visit.press(button[visit.lang]);
  const receipt = await sealed(visit);
  await visit.signOut();

  await visit.signIn("auditor");
  await visit.go("/audit");
  await visit.page.locator("input[name=person]").fill(signIn("contractor").number);
  await visit.press(visit.text("common.search"), { status: 422 }); // without a reason
  await visit.shot("audit-reason-missing");
  await visit.page.locator("textarea[name=reason]").fill("監査 no. 3");
  await visit.press(visit.text("common.search"));
  await visit.shot("audit-search");

  const record = `/audit/records/${receipt.number}`;
  await visit.use(visit.page.locator(`main a[href^="${record}"]`).first(), "open the record");
  await visit.sees(visit.text("audit.ok.heading"));
  await visit.sees(button[visit.lang]);
  await visit.shot("audit-record");
  const { bytes } = await visit.download(visit.page.locator(`main a[href="${record}/file"]`));
  visit.expect(bytes.length > 500, "the receipt's file");
  const checkpoint = checkpointOf(bytes.toString("utf8"));

  await visit.use(visit.page.locator('main a[href^="/audit/texts/"]').last(), "see the exact text");
  await visit.sees(visit.text("audit.text.genuine"));
  await visit.shot("audit-text");

  await sample(visit);
  await population(visit);
  await compare(visit, checkpoint);
  await visit.go("/evidence");
  await visit.sees(visit.text("health.ready"));
  await visit.shot("audit-health");
  await visit.go("/permissions");
  await visit.shot("permissions");
}

// checkpointOf is the signed note at the end of a receipt.
const checkpointOf = (receipt) => receipt.slice(receipt.indexOf("\n\n", receipt.indexOf("c2sp.org/tlog-proof@v1")) + 2);

async function sample(visit) {
  await visit.go("/audit/sample");
  await visit.shot("audit-sample-form");
  await visit.press(visit.text("sampling.draw"), { status: 422 }); // without a seed
  await visit.shot("audit-sample-missing");
  await visit.page.locator("input[name=seed]").fill("03 11 17 22 29 38 41");
  await visit.page.locator("input[name=n]").fill("12");
  await visit.page.locator("textarea[name=reason]").fill("監査 no. 3");
  await visit.press(visit.text("sampling.draw"));
  await visit.sees(visit.text("sampling.good.heading", { Count: 12 }));
  await visit.shot("audit-sample");
  const { bytes } = await visit.download(visit.page.locator('main a[href^="/audit/sample.xlsx"]'));
  visit.expect(bytes.subarray(0, 2).toString() === "PK", "an XLSX file");
}

async function population(visit) {
  await visit.go("/audit/population");
  await visit.sees(visit.text("population.agrees"));
  await visit.shot("audit-population");
  await visit.use(visit.page.locator('main a[href*="count=now"]'), "count everything again");
  await visit.sees(visit.text("population.agrees"));
  await visit.sees(visit.text("population.row.counted"));
  await visit.shot("audit-population-again");
}

async function compare(visit, checkpoint) {
  await visit.go("/audit/checkpoints");
  await visit.shot("audit-checkpoints");
  await visit.press(visit.text("checkpoints.compare"));
  await visit.sees(visit.text("checkpoints.continues.heading"));
  await visit.shot("audit-comparison");
  await visit.go("/audit/checkpoints");
  await visit.press(visit.text("checkpoints.compare_last"), { status: 422 }); // nothing was pasted
  await visit.page.locator("textarea[name=note]").fill(checkpoint);
  await visit.press(visit.text("checkpoints.compare_last"));
  await visit.sees(visit.text("checkpoints.same.heading"));
  await visit.go("/audit/checkpoints");
  await visit.page.locator("textarea[name=note]").fill(checkpoint.replace(/\n\d+\n/, "\n1\n"));
  await visit.press(visit.text("checkpoints.compare_last"));
  await visit.sees(visit.text("checkpoints.forged.heading"));
  await visit.shot("audit-comparison-forged");
}
