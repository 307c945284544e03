// A contractor's worker comes by the other provider, sees the obligations of
// the contract and nothing else, asks a question, and signs.

import { declaration } from "../lib/content.mjs";
import { sealed } from "../lib/receipt.mjs";

export default async function (visit) {
  await visit.signIn("contractor");
  await visit.shot("contractor-tasks");
  const tasks = visit.page.locator("main .task-title a");
  visit.expect((await tasks.count()) === 1, `one task, not ${await tasks.count()}`);

  for (const path of ["/policies/social-media-rules", "/policies", "/courses/annual", "/departments", "/accounts", "/contracts", "/audit"]) {
    await visit.go(path, 404);
  }

  await visit.go("/tasks");
  await visit.use(tasks, "open the obligations");
  visit.expect(visit.path.startsWith("/policies/contractor-obligations"), `the contract's obligations, not ${visit.path}`);
  await visit.shot("contractor-policy");

  await visit.follow(visit.text("policy.question.link"));
  await visit.press(visit.text("policy.question.send"), { status: 422 });
  await visit.shot("contractor-question");
  await visit.page.getByRole("radio", { name: visit.text("policy.ground.question"), exact: true }).check();
  await visit.page.locator("textarea[name=reason]").fill("7-8？ <b>&amp;");
  await visit.press(visit.text("policy.question.send"));
  await visit.sees("7-8？ <b>&amp;");
  await sealed(visit);

  await visit.go("/tasks");
  await visit.use(tasks, "open the obligations again");
  await visit.press(declaration("contractor-worker").button[visit.lang]);
  await visit.shot("contractor-receipt");
  const { number } = await sealed(visit);
  await visit.go("/record");
  visit.expect(await visit.leadsTo(`/receipts/${number}`).isVisible(), `receipt ${number} in the record`);
  await visit.go("/tasks");
  await visit.sees(visit.text("tasks.all_done"));
}
