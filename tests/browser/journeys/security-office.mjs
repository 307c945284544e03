// The security office sees how the evidence is: the log, the last nightly
// check, and the witnesses.

export default async function (visit) {
  await visit.signIn("security-office");
  await visit.follow(visit.text("common.nav.evidence"));
  await visit.sees(visit.text("health.ready"));
  await visit.sees(visit.text("health.verify"));
  await visit.shot("health");
  await visit.go("/audit/population", 404);
}
