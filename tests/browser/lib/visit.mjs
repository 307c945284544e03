// A Visit is one person at one browser window: the helpers that journeys are
// written with. Every page that it arrives at is checked.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { problems } from "./check.mjs";
import { answers, signIn, squash } from "./content.mjs";
import { pattern, text } from "./words.mjs";

export class Visit {
  constructor(portal, page, variant, { shots, failures }) {
    Object.assign(this, { portal, page, shots, failures, lang: variant.lang, js: variant.js, name: variant.name });
    this.noise = []; // what the browser complained of since the last check
    this.pages = 0;
    this.steps = [];
    this.faults = []; // what is wrong with pages; the journey goes on behind them
    this.document = null;
    this.#listen();
  }

  #listen() {
    const { page } = this;
    page.on("response", (response) => {
      const request = response.request();
      if (!request.isNavigationRequest() || request.frame() !== page.mainFrame()) return;
      const status = response.status();
      if (status >= 300 && status < 400) return;
      const html = /^text\/html/.test(response.headers()["content-type"] ?? "");
      this.document = { url: response.url(), status, headers: response.headers(), body: html ? response.text().catch(() => null) : Promise.resolve(null) };
    });
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      // The browser reports a page's own status 4xx as an error; journeys say
      // which status they expect.
      if (message.text().startsWith("Failed to load resource") && message.location().url === this.document?.url) return;
      this.noise.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (err) => this.noise.push(`script error: ${err.message}`));
    page.on("requestfailed", (request) => {
      const failure = request.failure()?.errorText;
      if (failure !== "net::ERR_ABORTED") this.noise.push(`request failed: ${request.url()} ${failure}`);
    });
    page.on("request", (request) => {
      const { hostname } = new URL(request.url());
      if (hostname !== "127.0.0.1" && hostname !== "") this.noise.push(`request to another host: ${request.url()}`);
    });
  }

  // text is a message in the visit's language, pattern matches it whatever its
  // arguments are.
  text(id, args) { return text(this.lang, id, args); }
  pattern(id) { return pattern(this.lang, id); }

  // step names what is being done, for the report of a failure.
  step(what) { this.steps.push(what); }

  // served is the HTML as it came, before the browser repaired it.
  async served() { return (await this.document?.body) ?? null; }

  // scripts lets scripts run, or not. It is not the context's own setting,
  // because that cannot be taken back for the checks.
  async scripts(run) {
    this.devtools ??= await this.page.context().newCDPSession(this.page);
    await this.devtools.send("Emulation.setScriptExecutionDisabled", { value: !run });
  }

  get path() {
    const url = new URL(this.page.url());
    return url.pathname + url.search;
  }

  // go opens a path of the portal.
  async go(path, status = 200) {
    this.step(`open ${path}`);
    await this.page.goto(new URL(path, this.portal.url).href);
    await this.arrived(status);
  }

  // press uses a button, named by its words.
  async press(name, options = {}) {
    this.step(`press "${name}"`);
    await this.#navigate(this.#named("button", name, options), options.status);
  }

  // follow uses a link, named by its words or found by where it leads.
  async follow(name, options = {}) {
    this.step(`follow ${name}`);
    await this.#navigate(this.#named("link", name, options), options.status);
  }

  // leadsTo is a link in the page's main part, found by its path.
  leadsTo(href) { return this.page.locator(`main a[href="${href}"]`).first(); }

  // use follows a link or presses a button that was found in another way.
  async use(locator, what, status = 200) {
    this.step(what);
    await this.#navigate(locator, status);
  }

  // sees fails unless the words stand on the page.
  async sees(words) {
    const there = await this.page.getByText(words).first().isVisible();
    this.expect(there, `the page says ${words}`);
  }

  expect(holds, what) {
    if (!holds) throw new Error(`expected: ${what}`);
  }

  #named(role, name, { within } = {}) {
    return (within ?? this.page).getByRole(role, { name, exact: typeof name === "string" }).first();
  }

  async #navigate(locator, status = 200) {
    const before = this.document;
    await locator.click();
    await this.#until(() => this.document !== before, "a new page");
    await this.arrived(status);
  }

  async #until(holds, what) {
    const end = Date.now() + 15_000;
    while (!holds()) {
      if (Date.now() > end) throw new Error(`waited 15 s for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  // arrived waits for the page and checks it.
  async arrived(status = 200) {
    await this.page.waitForLoadState("load");
    if (this.document.status !== status) throw new Error(`${this.path} answered ${this.document.status}, expected ${status}`);
    if (!(await this.check())) await this.keep(`page-${this.faults.length}`);
  }

  async check() {
    this.pages++;
    const found = await problems(this);
    if (found.length) this.faults.push(`${this.path}\n  ${found.join("\n  ")}`);
    return found.length === 0;
  }

  // keep leaves what the browser shows, and what it was served, for whoever
  // looks into a failure.
  async keep(name) {
    await mkdir(this.failures, { recursive: true });
    await this.page.screenshot({ path: join(this.failures, `${name}.png`), fullPage: true }).catch(() => {}); // the browser may be gone
    await writeFile(join(this.failures, `${name}.html`), (await this.served()) ?? "");
  }

  // shot keeps a picture of the page when SHOTS=1.
  async shot(name) {
    if (!this.shots) return;
    await mkdir(this.shots, { recursive: true });
    await this.page.screenshot({ path: join(this.shots, `${name}-${this.name}.png`), fullPage: true });
  }

  // heading is the text of the page's h1.
  heading() { return plain(this.page.locator("h1")); }

  // signIn goes in by the front page and the provider's page as the sample
  // person who shows a role.
  async signIn(as) {
    const person = signIn(as);
    await this.#enter(person.provider);
    await this.use(this.page.locator(`button[name="number"][value="${person.number}"]`), `choose ${as}`);
    this.#expectPortal();
  }

  // signInAs is for those who have no button on the provider's page.
  async signInAs(number, provider = "city") {
    await this.#enter(provider);
    await this.page.locator("#number").fill(number);
    await this.use(this.page.locator("form.number button"), `sign in as ${number}`);
    this.#expectPortal();
  }

  async #enter(provider) {
    await this.go("/");
    await this.use(this.page.locator(`form[action="/sign-in/${provider}"] button`), `sign in with ${provider}`);
  }

  #expectPortal() {
    this.expect(new URL(this.page.url()).origin === this.portal.url, `back at the portal, not at ${this.page.url()}`);
  }

  async signOut() {
    await this.press(this.text("common.sign_out"));
  }

  // answer chooses the right or wrong options of the question on the page,
  // which it finds in the content by its wording.
  async answer(right = true) {
    const group = this.page.locator("main fieldset").first();
    const stem = await plain(group.locator("legend"));
    const wanted = new Set(answers(this.lang, stem, right));
    const choices = group.locator(".choice label");
    let chosen = 0;
    for (let i = 0; i < (await choices.count()); i++) {
      if (!wanted.has(squash(await plain(choices.nth(i))))) continue;
      await choices.nth(i).click();
      chosen++;
    }
    this.expect(chosen === wanted.size, `${wanted.size} options of "${stem}" on the page, not ${chosen}`);
  }

  // download presses a link that answers with a file, and returns its bytes.
  async download(locator) {
    const [file] = await Promise.all([this.page.waitForEvent("download"), locator.click()]);
    const chunks = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk);
    return { name: file.suggestedFilename(), bytes: Buffer.concat(chunks) };
  }
}

// plain is the text of an element without the readings above its characters
// and without what only some readers get.
async function plain(locator) {
  return locator.evaluate((element) => {
    const copy = element.cloneNode(true);
    for (const extra of copy.querySelectorAll("rt, rp, .hidden, .mark")) extra.remove();
    return copy.textContent.trim();
  });
}
