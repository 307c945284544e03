// The auditor finds the record that somebody left, reads the exact text that
// was shown, and sees that it verifies.

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

  await visit.use(visit.page.locator('main a[href^="/audit/texts/"]').last(), "see the exact text");
  await visit.sees(visit.text("audit.text.genuine"));
  await visit.shot("audit-text");
  await visit.go("/permissions");
  await visit.shot("permissions");
}
