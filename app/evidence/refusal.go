package evidence

import (
	"errors"

	"kokoroe/app/fault"
)

// Refusal is why a receipt was refused, as every verifier of this format says
// it.
type Refusal struct {
	Code string // such as "text_differs": see Verifiers in the package's documentation
	Line int    // of the receipt, counted from 1; 0 when it is about no one line
}

var refusals = map[string]string{
	"receipt.too_large":            "too_large",
	"receipt.not_receipt":          "not_receipt",
	"receipt.line_invalid":         "line_invalid",
	"record.malformed":             "record_malformed",
	"record.version_unknown":       "record_version_unknown",
	"receipt.text_differs":         "text_differs",
	"receipt.declaration_differs":  "declaration_differs",
	"receipt.not_in_log":           "not_in_log",
	"checkpoint.malformed":         "checkpoint_malformed",
	"checkpoint.signature_unknown": "signature_unknown",
	"checkpoint.signature_wrong":   "signature_wrong",
	"checkpoint.quorum_missing":    "quorum_missing",
}

// RefusalOf reads the reason from an error of ParseReceipt or Verify; ok is
// false for an error that is none of these.
func RefusalOf(err error) (r Refusal, ok bool) {
	f, _ := errors.AsType[*fault.Error](err)
	if f == nil {
		return Refusal{}, false
	}
	r.Code, ok = refusals[f.MessageID]
	r.Line, _ = f.Args["Line"].(int)
	return r, ok
}
