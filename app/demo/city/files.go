package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"kokoroe/app/spreadsheet"
)

// notice heads every file that can hold a comment.
const notice = "# 見本データです。市、人、会社、アカウントはすべて架空のものです。\n" +
	"# Sample data. The city, the people, the companies and the accounts are all invented.\n" +
	"# Written by: go run ./app/demo/city\n"

// files returns every file of the sample by name.
func files() (map[string][]byte, error) {
	staff, outside := employees(), workers()
	roster, err := rosterCSV(append(append([]person{}, staff...), outside...))
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"roster.csv":     roster,
		"suppliers.yaml": []byte(suppliersYAML(outside)),
		"accounts.yaml":  []byte(accountsYAML(staff)),
		"roles.yaml":     []byte(rolesYAML(staff)),
		"sign-ins.yaml":  []byte(signInsYAML(staff)),
	}, nil
}

func rosterCSV(people []person) ([]byte, error) {
	t := spreadsheet.Table{Columns: spreadsheet.Columns("職員番号", "氏名", "カナ", "メール", "区分", "所属", "役職",
		"採用日", "退職日", "休職開始", "休職終了", "異動日", "対象外")}
	for _, p := range people {
		outOfScope := ""
		if p.outOfScope {
			outOfScope = "○"
		}
		t.Rows = append(t.Rows, spreadsheet.Row{Cells: []string{p.number, p.name, p.kana, p.mail, p.employment, p.department,
			p.post, p.joined, p.left, p.leaveFrom, p.leaveUntil, p.moved, outOfScope}})
	}
	var b bytes.Buffer
	_, err := spreadsheet.WriteCSV(&b, t, spreadsheet.UTF8)
	return b.Bytes(), err
}

func suppliersYAML(workers []person) string {
	var b strings.Builder
	b.WriteString(notice + "suppliers:\n")
	for _, s := range suppliers {
		fmt.Fprintf(&b, "  - {id: %s, name: %s, name_en: %q, parent: %q}\n", s.id, s.name, s.nameEn, s.parent)
	}
	b.WriteString("contracts:\n")
	n := 0
	for _, c := range contracts {
		fmt.Fprintf(&b, "  - id: %s\n    supplier: %s\n    title: {ja: %s, en: %q}\n    department: %s\n", c.id, c.supplier, c.ja, c.en, c.department)
		fmt.Fprintf(&b, "    from: %s\n    until: %s\n    obligations: [contractor-obligations]\n    workers:\n", c.from, c.until)
		for range c.workers {
			fmt.Fprintf(&b, "      - {number: %s, from: %s}\n", workers[n].number, c.from)
			n++
		}
	}
	return b.String()
}

func accountsYAML(staff []person) string {
	var b strings.Builder
	b.WriteString(notice + "accounts:\n")
	holder := func(p place) string {
		return fmt.Sprintf("{number: %q, since: %s}", find(staff, p.department, p.index).number, p.since)
	}
	for _, a := range accounts {
		fmt.Fprintf(&b, "  - id: %s\n    service: %s\n    handle: %q\n    url: %q\n", a.id, a.service, a.handle, a.url)
		fmt.Fprintf(&b, "    title: {ja: %s, en: %q}\n    department: %s\n    owner: %s\n", a.ja, a.en, a.department, holder(a.owner))
		if a.deputy != nil {
			fmt.Fprintf(&b, "    deputy: %s\n", holder(*a.deputy))
		}
		b.WriteString("    operators:\n")
		for _, o := range a.operators {
			fmt.Fprintf(&b, "      - %s\n", holder(o))
		}
	}
	return b.String()
}

func rolesYAML(staff []person) string {
	var b strings.Builder
	b.WriteString(notice + "roles:\n")
	for _, r := range roles {
		var numbers []string
		for _, p := range r.held {
			numbers = append(numbers, strconv.Quote(find(staff, p.department, p.index).number))
		}
		fmt.Fprintf(&b, "  %s: [%s]\n", r.name, strings.Join(numbers, ", "))
	}
	return b.String()
}

func signInsYAML(staff []person) string {
	var b strings.Builder
	b.WriteString(notice + "people:\n")
	for _, s := range signIns {
		fmt.Fprintf(&b, "  - {number: %q, as: %s, provider: city}\n", find(staff, s.department, s.index).number, s.as)
	}
	fmt.Fprintf(&b, "  - {number: %q, as: contractor, provider: contractors}\n", contractorSignIn)
	return b.String()
}
