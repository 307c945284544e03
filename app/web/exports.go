package web

import (
	"context"
	"io"
	"net/url"
	"strconv"
	"strings"

	"kokoroe/app/fault"
	"kokoroe/app/report"
	"kokoroe/app/spreadsheet"
)

func (s *Server) mountExports() {
	for _, table := range []string{"completion", "people"} {
		s.get("/exports/"+table+".csv", s.exportCSV(table))
		s.get("/exports/"+table+".xlsx", s.exportXLSX(table))
	}
}

// exportLink is a way to keep what a page shows as a file.
type exportLink struct{ Href, Label string }

// exportLinks lead to the table of what the filter selects.
func exportLinks(x *exchange, table string, f report.Filter) []exportLink {
	query := url.Values{}
	set := func(name, value string) {
		if value != "" {
			query.Set(name, value)
		}
	}
	set("department", string(f.Department))
	set("requirement", string(f.Requirement))
	set("group", string(f.Group))
	href := func(kind, encoding string) string {
		q := url.Values{}
		for name := range query {
			q.Set(name, query.Get(name))
		}
		if encoding != "" {
			q.Set("encoding", encoding)
		}
		if len(q) == 0 {
			return "/exports/" + table + kind
		}
		return "/exports/" + table + kind + "?" + q.Encode()
	}
	return []exportLink{
		{href(".xlsx", ""), x.T("department.export.xlsx")},
		{href(".csv", ""), x.T("department.export.csv")},
		{href(".csv", "cp932"), x.T("department.export.cp932")},
	}
}

// export returns the table that a request asks for, within what the visitor
// reaches, and the name of its file. The rows are read with ctx.
func (s *Server) export(ctx context.Context, x *exchange, table string) (t spreadsheet.Source, name string, err error) {
	id, scope, err := s.scope(x, x.query("department"))
	if err != nil {
		return t, "", err
	}
	filter, err := s.filterOf(x, id)
	if err != nil {
		return t, "", err
	}
	today := s.today()
	if table == "completion" {
		t, err = s.cfg.Report.CompletionTable(ctx, x.Printer, filter, today)
	} else {
		t, err = s.cfg.Report.PeopleTable(ctx, x.Printer, filter, s.titles(x), today)
	}
	if err != nil {
		return t, "", err
	}
	s.security(x, "exported", "table", table, "requirement", string(filter.Requirement), "group", string(filter.Group), "department", string(id))
	return t, fileName(x.T("department.file."+table, "Scope", scope, "Date", today.String())), nil
}

// fileName is a name that every system takes.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| 　`, r) || r < ' ' {
			return '_'
		}
		return r
	}, s)
}

// xlsxType is the media type of XLSX.
const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// csvEncoding is the encoding that an address asks for.
func csvEncoding(x *exchange) (encoding spreadsheet.Encoding, charset string, err error) {
	switch x.query("encoding") {
	case "", "utf8":
		return spreadsheet.UTF8, "utf-8", nil
	case "cp932":
		return spreadsheet.CP932, "windows-31j", nil
	}
	return spreadsheet.UTF8, "", fault.NotFoundf("encoding %q", x.query("encoding"))
}

func (s *Server) exportCSV(table string) handler {
	return func(x *exchange) error {
		encoding, charset, err := csvEncoding(x)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(s.ctx, exportDeadline)
		t, name, err := s.export(ctx, x, table)
		replaced := 0
		if err == nil && encoding != spreadsheet.UTF8 {
			// The headers say it, and go out before the first row: everything is made
			// twice.
			replaced, err = t.WriteCSV(io.Discard, encoding)
		}
		if err != nil {
			cancel()
			return err
		}
		x.attach(name+".csv", "text/csv; charset="+charset)
		x.c.Set("X-Replaced-Characters", strconv.Itoa(replaced))
		return s.stream(x, cancel, func(w io.Writer) error {
			_, err := t.WriteCSV(w, encoding)
			return err
		})
	}
}

func (s *Server) exportXLSX(table string) handler {
	return func(x *exchange) error {
		ctx, cancel := context.WithTimeout(s.ctx, exportDeadline)
		t, name, err := s.export(ctx, x, table)
		if err != nil {
			cancel()
			return err
		}
		x.attach(name+".xlsx", xlsxType)
		sheet := x.T("department.sheet." + table)
		return s.stream(x, cancel, func(w io.Writer) error { return t.WriteXLSX(w, sheet) })
	}
}
