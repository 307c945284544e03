// Counts what is typed into a field with data-limit. Characters are counted as
// a reader counts them: one for 葛󠄀 and one for an emoji.
const segments = new Intl.Segmenter(document.documentElement.lang, { granularity: "grapheme" });

export function countCharacters(root) {
  for (const note of root.querySelectorAll("[data-count-for]")) {
    const field = root.getElementById(note.dataset.countFor);
    if (!field) continue;
    const limit = Number(field.dataset.limit);
    let spoken;
    const show = () => {
      const n = [...segments.segment(field.value)].length;
      note.textContent = note.dataset.countText.replace("{n}", n);
      note.classList.toggle("field-count-over", n > limit);
      // Speaks when typing pauses, not at each key.
      clearTimeout(spoken);
      spoken = setTimeout(() => note.setAttribute("role", "status"), 1000);
    };
    field.addEventListener("input", show);
    if (field.value) show();
  }
}
