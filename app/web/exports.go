package web

import (
	"bytes"
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
// reaches, and the name of its file.
func (s *Server) export(x *exchange, table string) (t spreadsheet.Table, name string, err error) {
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
		t, err = s.cfg.Report.CompletionTable(x.ctx, x.Printer, filter, today)
	} else {
		t, err = s.cfg.Report.PeopleTable(x.ctx, x.Printer, filter, s.titles(x), today)
	}
	if err != nil {
		return t, "", err
	}
	s.security(x, "exported", "table", table, "rows", len(t.Rows), "department", string(id))
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
		t, name, err := s.export(x, table)
		if err != nil {
			return err
		}
		var file bytes.Buffer
		replaced, err := spreadsheet.WriteCSV(&file, t, encoding)
		if err != nil {
			return err
		}
		x.attach(name+".csv", "text/csv; charset="+charset)
		x.c.Set("X-Replaced-Characters", strconv.Itoa(replaced))
		return x.c.Send(file.Bytes())
	}
}

func (s *Server) exportXLSX(table string) handler {
	return func(x *exchange) error {
		t, name, err := s.export(x, table)
		if err != nil {
			return err
		}
		var file bytes.Buffer
		if err := spreadsheet.WriteXLSX(&file, x.T("department.sheet."+table), t); err != nil {
			return err
		}
		x.attach(name+".xlsx", xlsxType)
		return x.c.Send(file.Bytes())
	}
}
