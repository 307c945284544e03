// Refused says why a receipt does not verify. code is one of those that the
// verifiers share; line counts from 1 and is there when one line is to blame;
// detail is English, for whoever looks closer.
export class Refused extends Error {
  constructor(code, { line, detail = "" } = {}) {
    super(detail || code);
    Object.assign(this, { code, line, detail });
  }
}
