// Comfort for pages that work without it. Each module looks for its own marks
// in the page and does nothing when there are none.
import { focusErrors } from "./errors.js";
import { guardSubmit } from "./submit.js";
import { countCharacters } from "./count.js";
import { warnUnsaved } from "./unsaved.js";

focusErrors(document);
guardSubmit(document);
countCharacters(document);
warnUnsaved(document);
