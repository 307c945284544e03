// The way through a course, as those journeys take it that have one to do.

import { course } from "./content.mjs";

// read goes through every lesson in order, from the course's page and back.
export async function readLessons(visit, id) {
  const { lessons } = course(id);
  await visit.follow(visit.text("course.start"));
  for (const [i, lesson] of lessons.entries()) {
    visit.expect(visit.path === `/courses/${id}/lessons/${lesson}`, `lesson ${lesson}, not ${visit.path}`);
    if (i === 0) await visit.shot(`${id}-lesson`);
    await visit.press(visit.text(i < lessons.length - 1 ? "course.lesson.finish" : "course.lesson.finish_last"));
  }
  visit.expect(visit.path === `/courses/${id}`, `the course's page after the last lesson, not ${visit.path}`);
}

// practise answers a round, the first question wrong: it comes back.
export async function practise(visit) {
  await visit.press(visit.text("course.practice.start"));
  const end = visit.text("course.practice.end");
  let asked = 0;
  for (; (await visit.heading()) !== end; asked++) {
    visit.expect(asked < 40, "practice to end");
    const right = asked > 0;
    await visit.answer(right);
    await visit.press(visit.text("course.practice.answer"));
    await visit.sees(visit.text(right ? "course.feedback.right" : "course.feedback.wrong"));
    if (!right) await visit.shot("practice-wrong");
    await visit.use(visit.page.locator("main .actions a").last(), "go on to the next question");
  }
  return asked;
}

// check takes the graded check from its rules to the answers' page, and
// submits. With wrong, the first so many questions are answered wrong.
export async function takeCheck(visit, start, { wrong = 0 } = {}) {
  await visit.press(visit.text(start));
  const end = visit.text("course.answers.title");
  for (let asked = 0; (await visit.heading()) !== end; asked++) {
    visit.expect(asked < 40, "the check to end");
    await visit.answer(asked >= wrong);
    if (asked === 0) await visit.shot("check-question");
    await visit.press(visit.text("course.question.next"));
  }
  await visit.shot("check-answers");
  await visit.press(visit.text("course.answers.submit"));
}
