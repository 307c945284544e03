// Brings a reader to the list of what is wrong, and from there to each field.
export function focusErrors(root) {
  const summary = root.getElementById("error-summary");
  if (!summary) return;
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const field = link && root.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    const heading = field.closest("fieldset, .field")?.querySelector("legend, label");
    (heading ?? field).scrollIntoView();
    field.focus({ preventScroll: true });
  });
}
