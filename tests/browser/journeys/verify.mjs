// Somebody gets a receipt on paper and its file, and checks both without
// signing in.

import { declaration } from "../lib/content.mjs";
import { sealed } from "../lib/receipt.mjs";

export default async function (visit) {
  await visit.signIn("employee");
  await visit.go("/policies/basic-policy");
  await visit.press(declaration("employee").button[visit.lang]);
  const { name, bytes } = await sealed(visit);
  await visit.shot("receipt-sealed");
  const code = await visit.page.locator(".receipt-check a").getAttribute("href");
  await visit.signOut();

  await visit.go(code);
  await visit.shot("verify-record");
  await visit.go(`${code.slice(0, -4)}AAAA`, 404);
  await visit.sees(visit.text("verify.record.not_found"));
  await visit.shot("verify-record-unknown");

  const upload = async (buffer, status = 200) => {
    await visit.go("/verify");
    if (buffer) await visit.page.locator('input[name="receipt"]').setInputFiles({ name, mimeType: "text/plain", buffer });
    await visit.press(visit.text("verify.submit"), { status });
  };
  await visit.go("/verify");
  await visit.shot("verify");
  await upload(bytes);
  await visit.sees(visit.text("verify.ok"));
  await visit.shot("verify-genuine");
  await upload(Buffer.concat([bytes.subarray(0, 40), Buffer.from("x"), bytes.subarray(40)]), 422);
  await visit.shot("verify-changed");
  await upload(null, 422);
  await visit.sees(visit.text("verify.file.missing"));
}
