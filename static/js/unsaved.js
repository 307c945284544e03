// Asks before a half-typed form marked data-unsaved is left.
export function warnUnsaved(root) {
  for (const form of root.querySelectorAll("form[data-unsaved]")) {
    let changed = false;
    const ask = (event) => {
      if (changed) event.preventDefault();
    };
    form.addEventListener("input", () => (changed = true));
    form.addEventListener("submit", () => (changed = false));
    addEventListener("beforeunload", ask);
  }
}
