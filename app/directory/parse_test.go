package directory_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kokoroe/app/directory"
	"kokoroe/app/spreadsheet"
)

// good is a row without fault.
const good = "000123,見本　花子,ミホン　ハナコ,h@city.example,正職員,総務部/人事課,主事,2020-04-01,,,,,"

func TestParseRosterProblems(t *testing.T) {
	row := func(old, replacement string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the row", old)
		}
		return file(strings.Replace(good, old, replacement, 1))
	}
	tests := map[string]struct {
		file string
		want []string
	}{
		"good":                    {file(good), nil},
		"no rows":                 {header, []string{"roster.empty"}},
		"missing columns":         {"職員番号,氏名,カナ,区分,所属,役職,採用日\n1,a,,正職員,x,,2020-04-01\n", []string{"1:8 roster.column.missing", "1:8 roster.column.missing"}},
		"column twice":            {"氏名," + header + "x," + good + "\n", []string{"1:3 roster.column.duplicate"}},
		"マイナンバー":                  {strings.TrimSpace(header) + ",個人番号\n" + good + ",123456789012\n", []string{"1:14 roster.column.forbidden"}},
		"no number":               {row("000123", ""), []string{"2:1 roster.number.missing"}},
		"odd number":              {row("000123", "000 123"), []string{"2:1 roster.number.invalid"}},
		"number twice":            {file(good, "", strings.Replace(good, "h@", "g@", 1)), []string{"4:1 roster.number.duplicate"}},
		"number twice, by width":  {file(good, strings.Replace(strings.Replace(good, "h@", "g@", 1), "000123", "０００１２３", 1)), []string{"3:1 roster.number.duplicate"}},
		"no name":                 {row("見本　花子", "　"), []string{"2:2 roster.name.missing"}},
		"name is a mail address":  {row("見本　花子", "h@city.example"), []string{"2:2 roster.name.invalid"}},
		"name is a number":        {row("見本　花子", "000123"), []string{"2:2 roster.name.invalid"}},
		"name lost in conversion": {row("見本　花子", "〓本　花子"), []string{"2:2 roster.text.lost"}},
		"name without end":        {row("見本　花子", strings.Repeat("花", 101)), []string{"2:2 roster.text.long"}},
		"name on two lines":       {row("見本　花子", "\"見本\n花子\""), []string{"2:2 roster.text.control"}},
		"kana is kanji":           {row("ミホン　ハナコ", "見本"), []string{"2:3 roster.kana.invalid"}},
		"mail without @":          {row("h@city.example", "h.city.example"), []string{"2:4 roster.mail.invalid"}},
		"two mails in a cell":     {row("h@city.example", "h@city.example;g@city.example"), []string{"2:4 roster.mail.invalid"}},
		"unknown 区分":              {row("正職員", "再任用"), []string{"2:5 roster.employment.unknown"}},
		"no department":           {row("総務部/人事課", ""), []string{"2:6 roster.department.missing"}},
		"hole in the path":        {row("総務部/人事課", "総務部//人事課"), []string{"2:6 roster.department.invalid"}},
		"path too deep":           {row("総務部/人事課", "1/2/3/4/5/6/7"), []string{"2:6 roster.department.invalid"}},
		"no 採用日":                  {row("2020-04-01", ""), []string{"2:8 roster.joined.missing"}},
		"30 February":             {row("2020-04-01", "2020-02-30"), []string{"2:8 roster.date.invalid"}},
		"serial number as date":   {row("2020-04-01", "46113"), []string{"2:8 roster.date.invalid"}},
		"年 without end":           {row("2020-04-01", "20200-04-01"), []string{"2:8 roster.date.invalid"}},
		"left before joined":      {row("2020-04-01,,", "2020-04-01,2020-03-31,"), []string{"2:9 roster.left.before_joined"}},
		"leave ends first":        {row("2020-04-01,,,", "2020-04-01,,2026-05-01,2026-04-01"), []string{"2:11 roster.leave.order"}},
		"leave without start":     {row("2020-04-01,,,", "2020-04-01,,,2026-04-01"), []string{"2:11 roster.leave.without_start"}},
		"moved before joined":     {row("2020-04-01,,,,", "2020-04-01,,,,2020-03-31"), []string{"2:12 roster.moved.before_joined"}},
		"moved after left":        {row("2020-04-01,,,,", "2020-04-01,2021-03-31,,,2022-04-01"), []string{"2:12 roster.moved.after_left"}},
		"odd mark":                {file(good + "？"), []string{"2:13 roster.mark.unknown"}},
		"several":                 {row("正職員,総務部/人事課", "?,"), []string{"2:5 roster.employment.unknown", "2:6 roster.department.missing"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			rows, problems := o.parse(tt.file)
			if d := cmp.Diff(tt.want, messages(problems)); d != "" {
				t.Error(d)
			}
			if _, err := o.rosters.Plan(t.Context(), rows, day, directory.Options{}); (err != nil) != (len(tt.want) > 0) {
				t.Errorf("Plan: %v", err)
			}
		})
	}
}

func TestRowThatIsTooLong(t *testing.T) {
	_, problems := newOffice(t).parse(file(strings.Replace(good, "主事", "主事,係長", 1) + "○"))
	if len(problems) == 0 || !strings.Contains(strings.Join(messages(problems), " "), "2:14 roster.row.long") {
		t.Errorf("problems = %v", messages(problems))
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	_, problems := newOffice(t).parse(header + strings.Repeat("x y\n", 1000))
	last := problems[len(problems)-1]
	if len(problems) != 201 || last.MessageID != "roster.problems.more" || last.Args["Count"].(int) < 1000 {
		t.Errorf("%d problems, the last %v", len(problems), last)
	}
}

// The same person in the words that other systems use.
func TestParseRosterReadsManyForms(t *testing.T) {
	tests := map[string]string{
		"English header":      "Number,Name,Kana,E-mail,Employment,Department,Title,Joined on,Left on\n000123,見本　花子,ミホン　ハナコ,h@city.example,Regular,総務部/人事課,主事,2020-04-01,\n",
		"columns in disorder": "退職日,採用日,役職,所属,区分,メールアドレス,フリガナ,氏 名,職員番号,電話\n,2020/4/1,主事,総務部／人事課,正規,h@city.example,ミホン　ハナコ,見本　花子,000123,0531\n",
		"half-width kana":     "職員番号,氏名,ｶﾅ,ﾒｰﾙ,区分,所属,役職,採用日,退職日\n000123,見本　花子,ﾐﾎﾝ　ﾊﾅｺ,h@city.example,正職員,総務部 / 人事課,主事,R2.4.1,9999-12-31\n",
		"full-width figures":  strings.NewReplacer("000123", "０００１２３", "2020-04-01", "２０２０年４月１日", "h@city.example", "ｈ＠city．example").Replace(file(good)),
	}
	o := newOffice(t)
	o.imports(day, file(good))
	for name, csv := range tests {
		t.Run(name, func(t *testing.T) {
			o := &office{t, o.store, o.rosters}
			plan := o.plan(day, csv, directory.Options{})
			if plan.Unchanged != 1 || !plan.Empty() {
				t.Errorf("changes: %v", changes(plan))
			}
		})
	}
}

func TestDatesOfTheRoster(t *testing.T) {
	for _, s := range []string{
		"2026-04-01", "2026/4/1", "2026/04/01", "2026/4/1 0:00:00", "20260401", "2026年4月1日", "R8.4.1", "r8/4/1", "R8-04-01",
		"令和8年4月1日", "令和８年４月１日", "令和08年04月01日",
	} {
		o := newOffice(t)
		o.imports(day, file(strings.Replace(good, "2020-04-01", s, 1)))
		if got := o.person("000123").JoinedOn.String(); got != "2026-04-01" {
			t.Errorf("%s is %s", s, got)
		}
	}
	for s, want := range map[string]string{"令和元年5月1日": "2019-05-01", "H31.4.30": "2019-04-30", "S63/4/1": "1988-04-01"} {
		o := newOffice(t)
		o.imports(day, file(strings.Replace(good, "2020-04-01", s, 1)))
		if got := o.person("000123").JoinedOn.String(); got != want {
			t.Errorf("%s is %s", s, got)
		}
	}
}

func TestRosterFromXLSX(t *testing.T) {
	table, err := spreadsheet.Read("r.csv", []byte(file(good, "000007,例示　太郎,レイジ　タロウ,,派遣,総務部,,2026-04-01,,,,,")))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := spreadsheet.WriteXLSX(&b, "名簿", table); err != nil {
		t.Fatal(err)
	}
	back, err := spreadsheet.Read("r.xlsx", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	rows, problems := directory.ParseRoster(back)
	if len(problems) > 0 || rows.Len() != 2 {
		t.Errorf("%d rows, %v", rows.Len(), problems)
	}
}

// changes are a plan's differences, for a test to show.
func changes(p *directory.Plan) []string {
	var out []string
	for kind, list := range map[string][]directory.Difference{
		"added": p.Added, "returned": p.Returned, "moved": p.Moved, "changed": p.Changed, "left": p.Left,
	} {
		for _, d := range list {
			line := kind + " " + d.After.Number
			for _, c := range p.Changes(d) {
				line += " " + strings.TrimPrefix(c.Field, "roster.field.") + ":" + c.Before + "→" + c.After
			}
			out = append(out, line)
		}
	}
	return out
}
