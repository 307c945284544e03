// A second click sends nothing twice. The server would answer it right, but the
// reader would wonder.
export function guardSubmit(root) {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    const button = event.submitter;
    // After the browser has taken the form's values: a disabled button has none.
    setTimeout(() => button?.setAttribute("aria-disabled", "true"));
  });
  // Back from the next page, the form can be sent again.
  addEventListener("pageshow", () => {
    for (const form of root.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const b of root.querySelectorAll("button[aria-disabled]")) b.removeAttribute("aria-disabled");
  });
}
