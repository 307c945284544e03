// The owner of a social media account: the account is red until the owner has
// done the course and signed the rules. The first check fails.

import { account, declaration, signIn } from "../lib/content.mjs";
import { readLessons, takeCheck } from "../lib/course.mjs";
import { sealed } from "../lib/receipt.mjs";

const rules = "social-media-rules";
const course = "social-media-owner";

export default async function (visit) {
  const { id, owner, deputy } = account("koho-x");
  visit.expect(owner.number === signIn("account-owner").number, `the sample owner to own ${id}`);

  // The deputy must be in order too, whatever the sample history made of them.
  await visit.signInAs(deputy.number);
  await fulfil(visit, id);
  await visit.signOut();

  await visit.signIn("account-owner");
  await visit.go("/accounts");
  await visit.shot("own-accounts");
  await visit.use(visit.leadsTo(`/accounts/${id}`), "open the account");
  await visit.sees(visit.text("account.red"));
  await visit.shot("account-red");
  await fulfil(visit, id, { failing: true });

  await visit.go(`/accounts/${id}`);
  await visit.sees(visit.text("account.green.text"));
  await visit.shot("account-green");
  await visit.go("/accounts/toshokan-youtube", 404); // another owner's
}

// fulfil does what the account asks of who is signed in.
async function fulfil(visit, id, { failing = false } = {}) {
  await visit.go(`/courses/${course}`);
  if (await visit.page.getByRole("link", { name: visit.text("course.start"), exact: true }).isVisible()) {
    await readLessons(visit, course);
    await visit.use(visit.leadsTo(`/courses/${course}/check`), "see the check's rules");
    await takeCheck(visit, "course.check.start", { wrong: failing ? 99 : 0 });
    if (failing) {
      visit.expect((await visit.heading()) === visit.text("course.result.failed"), "to have failed");
      visit.expect(await visit.page.locator("main .topics a").first().isVisible(), "the lessons to read again");
      await visit.shot("check-failed");
      await takeCheck(visit, "course.check.again");
    }
    visit.expect((await visit.heading()) === visit.text("course.result.passed"), "to have passed");
  }
  await visit.go(`/policies/${rules}`);
  const sign = visit.page.getByRole("button", { name: declaration("account-owner").button[visit.lang], exact: true });
  if (await sign.isVisible()) {
    await visit.use(sign, "sign the rules");
    await sealed(visit);
  }
}
