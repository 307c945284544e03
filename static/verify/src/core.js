// What the page, and the command that the tests run, use of the verifier.

import { hex } from "./bytes.js";
import { sha256 } from "./tree.js";

export { base64, decode, hex, utf8 } from "./bytes.js";
export { maxPolicy, parsePolicy, PolicyError } from "./policy.js";
export { maxReceipt } from "./receipt.js";
export { examine, stepNames, summary } from "./verify.js";

export const sha256Hex = (bytes) => hex(sha256(bytes));
