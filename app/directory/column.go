package directory

import (
	"fmt"
	"slices"

	"kokoroe/app/fault"
	"kokoroe/app/spreadsheet"
)

// column is a column of the roster file.
type column int

const (
	numberColumn column = iota
	nameColumn
	kanaColumn
	mailColumn
	employmentColumn
	departmentColumn
	postColumn
	joinedColumn
	leftColumn
	leaveFromColumn
	leaveUntilColumn
	movedColumn
	outOfScopeColumn
	columns // how many there are
)

// headers are the names of each column, the official one first. A required
// column must be there even when it is empty: a file without it would wipe out
// what the roster knows.
var headers = [columns]struct {
	names    []string
	required bool
}{
	numberColumn:     {[]string{"職員番号", "社員番号", "number", "employee number", "employee id"}, true},
	nameColumn:       {[]string{"氏名", "名前", "name"}, true},
	kanaColumn:       {[]string{"カナ", "氏名カナ", "カナ氏名", "フリガナ", "かな", "ふりがな", "kana"}, true},
	mailColumn:       {[]string{"メール", "メールアドレス", "mail", "email", "e-mail"}, true},
	employmentColumn: {[]string{"区分", "任用区分", "雇用区分", "職員区分", "employment"}, true},
	departmentColumn: {[]string{"所属", "部署", "department"}, true},
	postColumn:       {[]string{"役職", "職名", "post", "title"}, true},
	joinedColumn:     {[]string{"採用日", "採用年月日", "joined", "joined on"}, true},
	leftColumn:       {[]string{"退職日", "退職年月日", "left", "left on"}, true},
	leaveFromColumn:  {[]string{"休職開始", "休職開始日", "leave from"}, false},
	leaveUntilColumn: {[]string{"休職終了", "休職終了日", "leave until"}, false},
	movedColumn:      {[]string{"異動日", "異動年月日", "moved", "moved on"}, false},
	outOfScopeColumn: {[]string{"対象外", "out of scope"}, false},
}

// forbiddenHeaders name what the law forbids to keep here: マイナンバー.
var forbiddenHeaders = []string{"個人番号", "マイナンバー", "mynumber"}

// layout says where each column is in a file; -1 is nowhere.
type layout [columns]int

func (l layout) has(c column) bool { return l[c] >= 0 }

// field is a problem with a cell of a row.
func (l layout) field(line int, c column, messageID string, args fault.Args) fault.Field {
	if args == nil {
		args = fault.Args{}
	}
	args["Column"] = headers[c].names[0]
	return fault.Field{Name: fmt.Sprintf("%d:%d", line, l[c]+1), MessageID: messageID, Args: args}
}

// readLayout finds the columns by their names.
func readLayout(t spreadsheet.Table, p *problems) layout {
	l := layout{}
	for c := range l {
		l[c] = -1
	}
	for i, header := range t.Columns {
		key := spreadsheet.HeaderKey(header.Name)
		if slices.Contains(forbiddenHeaders, key) {
			p.add(fault.Field{
				Name: fmt.Sprintf("%d:%d", t.Line, i+1), MessageID: "roster.column.forbidden", Args: fault.Args{"Column": header.Name},
			})
		}
		c, ok := columnOf(key)
		switch {
		case !ok: // not ours
		case l.has(c):
			first := l[c] + 1
			l[c] = i
			p.add(l.field(t.Line, c, "roster.column.duplicate", fault.Args{"First": first}))
		default:
			l[c] = i
		}
	}
	for c := range columns {
		if headers[c].required && !l.has(c) {
			p.add(fault.Field{
				Name: fmt.Sprintf("%d:%d", t.Line, len(t.Columns)+1), MessageID: "roster.column.missing",
				Args: fault.Args{"Column": headers[c].names[0]},
			})
		}
	}
	return l
}

func columnOf(key string) (column, bool) {
	for c := range columns {
		for _, name := range headers[c].names {
			if spreadsheet.HeaderKey(name) == key {
				return c, true
			}
		}
	}
	return 0, false
}

// problems are what is wrong with a file. Nobody reads ten thousand: the first
// are named and the rest counted.
type problems struct {
	fields []fault.Field
	more   int
}

// maxProblems is how many are named.
const maxProblems = 200

func (p *problems) add(f fault.Field) {
	if len(p.fields) == maxProblems {
		p.more++
		return
	}
	p.fields = append(p.fields, f)
}

func (p *problems) all() []fault.Field {
	if p.more == 0 {
		return p.fields
	}
	return append(slices.Clip(p.fields), fault.Field{MessageID: "roster.problems.more", Args: fault.Args{"Count": p.more}})
}
