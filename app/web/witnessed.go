package web

import (
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/web/view"
)

// witnessed is who cosigned a checkpoint, and when, as pages say it.
type witnessed struct {
	Title string
	At    time.Time
}

func (s *Server) witnessed(cosigned []evidence.Cosignature) []witnessed {
	var out []witnessed
	for _, c := range cosigned {
		out = append(out, witnessed{s.cfg.Log.WitnessTitle(c.Witness), c.At})
	}
	return out
}

// witnessRow says by whom the checkpoint is witnessed that the record's receipt
// carries; ok is false while nobody has cosigned it.
func (s *Server) witnessRow(x *exchange, p *view.Page, cosigned []evidence.Cosignature) (row view.SummaryRow, ok bool) {
	list := s.witnessed(cosigned)
	if len(list) == 0 {
		return row, false
	}
	row = view.SummaryRow{Term: x.T("witness.row"), Lines: []string{x.T("witness.count", "Count", len(list))}}
	for _, w := range list {
		row.Lines = append(row.Lines, x.T("witness.by", "Name", w.Title, "At", instant(p, w.At)))
	}
	return row, true
}
