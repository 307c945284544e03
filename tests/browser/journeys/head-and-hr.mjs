// Who answers for others: a head sees the own department by name, HR the
// whole city, and both take the numbers away as files.

export default async function (visit) {
  await visit.signIn("head");
  await visit.go("/departments");
  await visit.shot("head-departments");
  await files(visit);

  await visit.use(visit.page.locator("main table.tree tbody th a").first(), "open the own department");
  await visit.shot("head-department");
  const names = visit.page.locator('main .names a[href^="/people/"]');
  visit.expect((await names.count()) > 0, "names in the department");
  await files(visit);

  await visit.use(names.first(), "open a person");
  await visit.shot("head-person");
  visit.expect((await visit.page.locator("textarea[name=reason]").count()) === 0, "a head not to grant exemptions");

  await visit.go("/departments");
  await visit.use(visit.page.locator("main .figure-parts a").first(), "open the names behind a number");
  await visit.shot("head-people");
  await visit.use(visit.page.locator("main nav.tabs").last().locator("a").last(), "filter by another state");
  await files(visit, { optional: true });
  await remind(visit);
  await visit.signOut();

  await visit.signIn("hr");
  await visit.go("/departments");
  await visit.shot("hr-departments");
  await files(visit);
  await visit.use(visit.page.locator("main table.tree tbody th a").nth(3), "open a department");
  await reminders(visit);
  await visit.go("/accounts");
  await visit.shot("register");
  await visit.go("/contracts");
  await visit.shot("contracts");
  await visit.use(visit.page.locator("main .card h2 a").first(), "open a contract");
  await visit.shot("contract");
  await visit.go("/audit", 404);
}

// remind has the people reminded who are not done. The round of the day was not for
// them.
async function remind(visit) {
  await visit.go("/departments");
  await visit.use(visit.page.locator("main .figure-parts a[href$='group=open'], main .figure-parts a[href$='group=overdue']").first(), "open who is not done");
  await visit.use(visit.page.locator("main a[href*='/reminders?']"), "see who would be reminded");
  await visit.shot("head-remind");
  await visit.use(visit.page.locator("main form[action$='/reminders'] button"), "remind them");
  await visit.shot("head-reminded");
  visit.expect((await visit.page.locator("main .done").count()) === 1, "to be told that they are reminded");
  await visit.use(visit.page.locator("main a[href^='/reminders/']").first(), "see what became of it");
  visit.expect((await visit.page.locator("main tbody tr").count()) > 0, "people who were reminded");
}

// reminders reads the log, a round and the list on paper.
async function reminders(visit) {
  await visit.go("/departments");
  await visit.use(visit.page.locator("main a[href='/reminders']"), "open the log of reminders");
  await visit.shot("reminders");
  const rounds = visit.page.locator("main tbody tr");
  visit.expect((await rounds.count()) > 0, "rounds in the log");
  await visit.use(visit.page.locator("main tbody th a").first(), "open a round");
  await visit.shot("round");
  await visit.use(visit.page.locator("main nav.tabs a").last(), "filter by what was not sent");
  await visit.use(visit.page.locator("main a[href*='/paper']"), "open the list on paper");
  await visit.shot("paper");
}

// files downloads what the page offers, and looks whether Excel would read it.
async function files(visit, { optional = false } = {}) {
  const link = (id) => visit.page.locator("main .exports").first().getByText(visit.text(id), { exact: true });
  if (optional && !(await link("department.export.csv").isVisible())) return;

  const csv = await visit.download(link("department.export.csv"));
  visit.expect(csv.bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])), `${csv.name} to begin with a byte order mark`);
  const rows = csv.bytes.toString("utf8").trim().split("\r\n");
  visit.expect(rows.length > 1, `rows in ${csv.name}`);

  const xlsx = await visit.download(link("department.export.xlsx"));
  visit.expect(xlsx.bytes.subarray(0, 2).toString() === "PK" && xlsx.name.endsWith(".xlsx"), `${xlsx.name} to be a workbook`);
}
