// An employee does the year's training and signs the basic policy: tasks,
// lessons, practice, the graded check, the policy, the receipt, the record.

import { practise, readLessons, takeCheck } from "../lib/course.mjs";
import { declaration } from "../lib/content.mjs";
import { sealed } from "../lib/receipt.mjs";

export default async function (visit) {
  await visit.signIn("employee");
  visit.expect(visit.path === "/tasks", `the tasks after signing in, not ${visit.path}`);
  await visit.shot("tasks");
  await visit.go("/departments", 404); // others' records do not exist for an employee
  await visit.go("/audit", 404);

  await visit.go("/tasks");
  await visit.use(visit.leadsTo("/courses/annual"), "open the annual course");
  await visit.shot("course");
  await visit.go("/courses/annual/check");
  await visit.sees(visit.text("course.check.locked"));
  await visit.go("/courses/annual");
  await readLessons(visit, "annual");

  await visit.follow(visit.text("course.practice.go"));
  await visit.shot("practice");
  await practise(visit);
  await visit.shot("practice-end");

  await visit.follow(visit.text("course.to_check"));
  await visit.shot("check-rules");
  await takeCheck(visit, "course.check.start");
  visit.expect((await visit.heading()) === visit.text("course.result.passed"), "to have passed");
  await visit.shot("check-result");
  await visit.follow(visit.text("course.receipt"));
  const passed = await sealed(visit);

  await visit.go("/tasks");
  await visit.use(visit.leadsTo("/policies/basic-policy"), "open the basic policy");
  await visit.shot("policy");
  await visit.press(declaration("employee").button[visit.lang]);
  await visit.shot("receipt");
  const signed = await sealed(visit);
  visit.expect(signed.number !== passed.number, "a receipt of its own for the policy");

  await visit.follow(visit.text("receipt.to_record"));
  await visit.shot("record");
  await visit.sees(visit.text("reminder.own")); // of the round a week before the due date
  for (const { number } of [passed, signed]) {
    visit.expect(await visit.leadsTo(`/receipts/${number}`).isVisible(), `receipt ${number} in the record`);
  }
  await visit.go("/tasks");
  await visit.sees(visit.text("tasks.all_done"));
  await visit.go("/policies");
  await visit.shot("policies");
  await visit.go("/glossary");

  await visit.signOut();
  visit.expect((await visit.heading()) === visit.text("signout.heading"), "to have signed out");
  await visit.shot("signed-out");
  await visit.go("/record");
  visit.expect(visit.path.startsWith("/sign-in"), `to be asked to sign in again, not ${visit.path}`);
}
