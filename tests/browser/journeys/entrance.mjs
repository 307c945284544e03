// Somebody who is not signed in: what is open to everybody, in the language
// that they choose.

export default async function (visit) {
  await visit.go("/");
  await visit.shot("welcome");
  for (const path of ["/help", "/accessibility", "/privacy", "/official-accounts", "/policies/basic-policy/public"]) {
    await visit.go(path);
    await visit.shot(path.slice(1).replaceAll("/", "-"));
  }
  await visit.go("/no-such-page", 404);
  await visit.shot("error-404");
  await visit.go("/policies/social-media-rules/public", 404);

  await visit.go("/tasks");
  visit.expect(visit.path.startsWith("/sign-in"), `the way to sign in, not ${visit.path}`);

  const first = visit.lang;
  for (const lang of [first === "ja" ? "en" : "ja", first]) {
    const button = visit.page.locator(`form[action="/language"] button[value="${lang}"]`);
    visit.lang = lang;
    await visit.use(button, `change the language to ${lang}`);
  }
}
