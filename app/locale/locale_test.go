package locale_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/fault"
	"kokoroe/app/locale"
	"kokoroe/locales"
)

func files(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

func load(t testing.TB, m fstest.MapFS) *locale.Catalogue {
	t.Helper()
	c, err := locale.Load(m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// program is the catalogue of the frame alone: other areas have tests of their own.
func program(t testing.TB) *locale.Catalogue {
	t.Helper()
	m := fstest.MapFS{}
	for _, area := range []string{"calendar", "common", "error"} {
		for _, lang := range []string{"ja", "en"} {
			name := area + "." + lang + ".yaml"
			b, err := locales.FS.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			m[name] = &fstest.MapFile{Data: b}
		}
	}
	return load(t, m)
}

func TestLoadReportsEverythingAtOnce(t *testing.T) {
	_, err := locale.Load(files(
		"a.ja.yaml", "a.one: 一\na.two: \"{{.Name}}さん\"\na.bad: \"{{if .X}}\"\nb.stray: x\na.one: また\n",
		"a.en.yaml", "a.two: \"{{.Who}}\"\na.list: [1]\na.count: {one: \"1\", other: many}\na.empty: \"\"\n",
		"nolanguage.yaml", "x: y\n",
		"b.english language.yaml", "b.x: y\n",
	))
	if err == nil {
		t.Fatal("loaded")
	}
	for _, want := range []string{
		"a.ja.yaml:1: a.one is missing in \"en\"",
		"a.ja.yaml:5: a.one is already at a.ja.yaml:1",
		"a.en.yaml:1: a.two has arguments [Who], and at a.ja.yaml:2 [Name]",
		"a.ja.yaml:3: a.bad: {{if .X}} is not an argument",
		"a.ja.yaml:4: b.stray does not begin with \"a.\"",
		"a.en.yaml:2: a.list is not a text",
		"a.en.yaml:3: a.count has plural forms and no {{.Count}}",
		"a.en.yaml:4: a.empty has no text",
		"nolanguage.yaml: the name is not",
		"b.english language.yaml: the name is not",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

func TestLoadWantsThePrevailingLanguage(t *testing.T) {
	if _, err := locale.Load(files("a.en.yaml", "a.x: y")); err == nil {
		t.Error("loaded without it")
	}
}

func TestMatch(t *testing.T) {
	c := load(t, files("a.ja.yaml", "a.x: あ", "a.en.yaml", "a.x: a", "a.ja-Hira.yaml", "a.x: やさしい", "a.pt-BR.yaml", "a.x: pt"))
	for _, tc := range []struct {
		name, cookie, accept string
		want                 locale.Tag
	}{
		{"nothing", "", "", "ja"},
		{"own choice wins", "en", "ja", "en"},
		{"unknown choice", "xx", "en", "en"},
		{"browser English", "", "en-GB,en;q=0.8", "en"},
		{"browser Japanese stays standard", "", "ja-JP,ja;q=0.9,en;q=0.1", "ja"},
		{"easy Japanese by choice", "ja-Hira", "ja", "ja-Hira"},
		{"Portuguese", "", "pt", "pt-BR"},
		{"none of ours", "", "fr", "ja"},
		{"second wish", "", "fr, en;q=0.5", "en"},
		{"garbage", "", ";;;=", "ja"},
		{"overlong", "", strings.Repeat("en,", 200), "ja"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := c.Match(tc.cookie, tc.accept); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	if p := c.Printer("ja-Hira"); p.Lang() != "ja" || p.Variant() != "easy" || p.T("a.x") != "やさしい" {
		t.Errorf("easy Japanese: lang %s, variant %s, %s", p.Lang(), p.Variant(), p.T("a.x"))
	}
	if p := c.Printer("xx"); p.Tag() != locale.Prevailing || !p.Prevails() {
		t.Errorf("unknown language printed as %s", p.Tag())
	}
	if got := c.Languages(); got[0] != "ja" || len(got) != 4 {
		t.Errorf("languages %v", got)
	}
}

func TestPrinterT(t *testing.T) {
	calendarJA, _ := locales.FS.ReadFile("calendar.ja.yaml")
	calendarEN, _ := locales.FS.ReadFile("calendar.en.yaml")
	c := load(t, files(
		"a.ja.yaml", "a.plain: 研修\na.hello: \"{{.Name}}さん、{{ .On }}まで\"\na.n: \"{{.Count}}件\"\na.year: \"{{.Cycle}}の{{.N}}\"",
		"a.en.yaml", "a.plain: Course\na.hello: \"{{.Name}}, by {{.On}}\"\na.n: {one: \"{{.Count}} task\", other: \"{{.Count}} tasks\"}\na.year: \"{{.N}} in {{.Cycle}}\"",
		"calendar.ja.yaml", string(calendarJA), "calendar.en.yaml", string(calendarEN)))
	on := calendar.MustDate("2026-11-30")
	for _, tc := range []struct {
		name   string
		tag    locale.Tag
		id     string
		args   []any
		want   string
		broken bool
	}{
		{"plain", "ja", "a.plain", nil, "研修", false},
		{"plain ignores arguments", "en", "a.plain", []any{"X", 1}, "Course", false},
		{"pairs", "ja", "a.hello", []any{"Name", "佐藤", "On", on}, "佐藤さん、令和8年11月30日(月)まで", false},
		{"a fault's", "en", "a.hello", []any{fault.Args{"Name": "<Sato>", "On": on}}, "<Sato>, by 30 November 2026 (Mon)", false},
		{"fiscal year", "ja", "a.year", []any{"Cycle", calendar.Cycle("2026"), "N", 3}, "令和8年度（2026年度）の3", false},
		{"one", "en", "a.n", []any{"Count", 1}, "1 task", false},
		{"other", "en", "a.n", []any{"Count", 2}, "2 tasks", false},
		{"no forms in Japanese", "ja", "a.n", []any{"Count", 1}, "1件", false},
		{"no such message", "ja", "a.nothing", nil, "[a.nothing]", true},
		{"argument forgotten", "ja", "a.hello", []any{"Name", "x"}, "[a.hello]", true},
		{"count forgotten", "en", "a.n", nil, "[a.n]", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := c.Printer(tc.tag).T(tc.id, tc.args...); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if tc.broken && !slices.Contains(c.Missing(), tc.id) {
				t.Errorf("%s is not among the missing %v", tc.id, c.Missing())
			}
		})
	}
}

func TestDates(t *testing.T) {
	c := program(t)
	ja, en := c.Printer("ja"), c.Printer("en")
	for _, tc := range []struct{ day, ja, en string }{
		{"2026-11-30", "令和8年11月30日(月)", "30 November 2026 (Mon)"},
		{"2019-05-01", "令和元年5月1日(水)", "1 May 2019 (Wed)"},
		{"2019-04-30", "平成31年4月30日(火)", "30 April 2019 (Tue)"},
		{"1989-01-08", "平成元年1月8日(日)", "8 January 1989 (Sun)"},
		{"1989-01-07", "昭和64年1月7日(土)", "7 January 1989 (Sat)"},
		{"1926-12-25", "昭和元年12月25日(土)", "25 December 1926 (Sat)"},
		{"1926-12-24", "大正15年12月24日(金)", "24 December 1926 (Fri)"},
		{"1912-07-30", "大正元年7月30日(火)", "30 July 1912 (Tue)"},
		{"1912-07-29", "明治45年7月29日(月)", "29 July 1912 (Mon)"},
		{"1868-01-25", "明治元年1月25日(土)", "25 January 1868 (Sat)"},
		{"1867-11-10", "西暦1867年11月10日(日)", "10 November 1867 (Sun)"},
		{"2028-02-29", "令和10年2月29日(火)", "29 February 2028 (Tue)"},
		{"", "―", "–"},
	} {
		t.Run(tc.day, func(t *testing.T) {
			d := calendar.MustDate(tc.day)
			if got := ja.Date(d); got != tc.ja {
				t.Errorf("ja %q, want %q", got, tc.ja)
			}
			if got := en.Date(d); got != tc.en {
				t.Errorf("en %q, want %q", got, tc.en)
			}
		})
	}
	at := time.Date(2026, 11, 30, 15, 5, 9, 0, time.UTC) // the next day in Japan
	for _, tc := range []struct{ name, got, want string }{
		{"instant", ja.Time(at), "令和8年12月1日(火) 00:05"},
		{"instant in English", en.Time(at), "1 December 2026 (Tue) 00:05 JST"},
		{"no instant", ja.Time(time.Time{}), "―"},
		{"instant for machines", ja.TimeISO(at), "2026-12-01T00:05:09+09:00"},
		{"both calendars", ja.DateBoth(calendar.DateOf(at)), "令和8年（2026年）12月1日(火)"},
		{"short", ja.DateShort(calendar.DateOf(at)), "12月1日(火)"},
		{"short in English", en.DateShort(calendar.DateOf(at)), "1 December (Tue)"},
		{"for machines", en.DateISO(calendar.DateOf(at)), "2026-12-01"},
		{"fiscal year", ja.FiscalYear("2026"), "令和8年度（2026年度）"},
		{"fiscal year in English", en.FiscalYear("2026"), "FY2026"},
		{"first year of an era", ja.FiscalYear("2019"), "令和元年度（2019年度）"},
		{"last whole year of an era", ja.FiscalYear("2018"), "平成30年度（2018年度）"},
		{"once", ja.FiscalYear(calendar.Once), "一度限り"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}

func TestDaysLeft(t *testing.T) {
	c := program(t)
	today := calendar.MustDate("2026-11-22")
	for _, tc := range []struct{ due, ja, en string }{
		{"2026-11-30", "あと8日", "8 days left"},
		{"2026-11-23", "あと1日", "1 day left"},
		{"2026-11-22", "今日まで", "due today"},
		{"2026-11-21", "1日超過", "1 day overdue"},
		{"2026-11-14", "8日超過", "8 days overdue"},
		{"", "", ""},
	} {
		due := calendar.MustDate(tc.due)
		if got := c.Printer("ja").DaysLeft(today, due); got != tc.ja {
			t.Errorf("%s: %q, want %q", tc.due, got, tc.ja)
		}
		if got := c.Printer("en").DaysLeft(today, due); got != tc.en {
			t.Errorf("%s: %q, want %q", tc.due, got, tc.en)
		}
	}
}

func TestNumbers(t *testing.T) {
	p := program(t).Printer("ja")
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -12: "-12"} {
		if got := p.Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
	for _, tc := range []struct {
		part, whole int
		want        string
	}{{0, 5, "0%"}, {1, 3, "33.3%"}, {1999, 2000, "99.9%"}, {19999, 20000, "99.9%"}, {7, 7, "100%"}, {1, 2, "50%"}, {0, 0, "―"}} {
		if got := p.Percent(tc.part, tc.whole); got != tc.want {
			t.Errorf("Percent(%d, %d) = %q, want %q", tc.part, tc.whole, got, tc.want)
		}
	}
}

func TestPrinterIsSafeForConcurrentUse(t *testing.T) {
	c := program(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				c.Printer("en").T("calendar.left.past", "Count", i)
				c.Printer("ja").Date(calendar.NewDate(2026, 4, 1))
			}
		})
	}
	wg.Wait()
	if m := c.Missing(); len(m) > 0 {
		t.Errorf("missing %v", m)
	}
}

func BenchmarkT(b *testing.B) {
	c := program(b)
	p := c.Printer("en")
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			p.T("calendar.once")
		}
	})
	b.Run("date", func(b *testing.B) {
		for b.Loop() {
			p.Date(calendar.NewDate(2026, 4, 1))
		}
	})
	b.Run("plural", func(b *testing.B) {
		for b.Loop() {
			p.T("calendar.left.past", "Count", 3)
		}
	})
}

func TestPluralFormOfTheLanguageIsMissing(t *testing.T) {
	_, err := locale.Load(fstest.MapFS{
		"a.ja.yaml": {Data: []byte("a.left:\n  other: 残り{{.Count}}件\n")},
		"a.en.yaml": {Data: []byte("a.left:\n  other: \"{{.Count}} left\"\n")},
	})
	if err == nil || !strings.Contains(err.Error(), "a.left in en has no form for 1") {
		t.Errorf("English without a form for one: %v", err)
	}
}
