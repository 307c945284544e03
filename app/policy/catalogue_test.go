package policy_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"kokoroe/app/calendar"
	"kokoroe/app/policy"
)

// edition is a Markdown file of the sample policy.
func edition(version, language, on, change, body string) string {
	return "---\npolicy: rules\nversion: " + version + "\nlanguage: " + language + "\neffective_on: " + on +
		"\nchange: " + change + "\nsummary: 要約\n---\n" + body
}

func sample() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"declarations/staff.yaml":    file("id: staff\ntext: {ja: 守ります。, en: I will.}\nbutton: {ja: 誓約します, en: I promise}\n"),
		"policies/rules/policy.yaml": file("id: rules\ntitle: {ja: 規程, en: Rules}\npublic: true\ndeclaration: staff\nclauses: true\n"),
		"policies/rules/1.ja.md":     file(edition("1", "ja", "2026-04-01", "material", "## 目的 {#1}\n\n守る。\n\n## 定義 {#2}\n\n### 語 {#2-1}\n\n語とは。\n")),
		"policies/rules/1.en.md":     file(edition("1", "en", "2026-04-01", "material", "## Purpose {#1}\n\nKeep.\n\n## Terms {#2}\n\n### Term {#2-1}\n\nA term.\n")),
	}
}

func TestLoadCatalogue(t *testing.T) {
	c, err := policy.LoadCatalogue(sample(), "ja", "en")
	if err != nil {
		t.Fatal(err)
	}
	p, ok := c.Policy("rules")
	if !ok || len(p.Versions) != 1 || p.Declaration.Button.In("en") != "I promise" {
		t.Fatalf("loaded %+v", p)
	}
	if got := strings.Join(c.CoveredClauses(), " "); got != "1 2-1" {
		t.Errorf("clauses to cover: %q, want those that hold no others", got)
	}
	if v, ok := p.InForce(calendar.MustDate("2026-03-31")); ok {
		t.Errorf("version %d is in force before its day", v.Number)
	}
	if v, _ := p.InForce(calendar.MustDate("2026-04-01")); v.In("pt").Language != "ja" {
		t.Error("a language without an edition does not fall back to Japanese")
	}
}

func TestLoadCatalogueNamesWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		file, text, want string
	}{
		"language missing":    {"policies/rules/1.en.md", "", "1.en.md: is missing"},
		"other clauses":       {"policies/rules/1.en.md", edition("1", "en", "2026-04-01", "material", "## Purpose {#1}\n\nKeep.\n"), `"2" is missing`},
		"other day":           {"policies/rules/1.en.md", edition("1", "en", "2026-05-01", "material", "## Purpose {#1}\n"), "differ from another language"},
		"unknown declaration": {"policies/rules/policy.yaml", "id: rules\ntitle: {ja: 規程, en: Rules}\ndeclaration: nobody\n", `policy.yaml:3: there is no declaration "nobody"`},
		"unknown key":         {"policies/rules/policy.yaml", "id: rules\ntitel: x\n", `policy.yaml:2: unknown key "titel"`},
		"gap in versions":     {"policies/rules/3.ja.md", edition("3", "ja", "2026-06-01", "material", "## 目的 {#1}\n"), "version 2 is missing"},
		"no such change":      {"policies/rules/1.ja.md", edition("1", "ja", "2026-04-01", "huge", "## 目的 {#1}\n"), "change is material or editorial"},
		"raw HTML":            {"policies/rules/1.ja.md", edition("1", "ja", "2026-04-01", "material", "## 目的 {#1}\n\n<b>太字</b>\n"), "raw HTML"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := sample()
			if tc.text == "" {
				delete(fsys, tc.file)
			} else {
				fsys[tc.file] = &fstest.MapFile{Data: []byte(tc.text)}
			}
			_, err := policy.LoadCatalogue(fsys, "ja", "en")
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want it to say %q", err, tc.want)
			}
		})
	}
}

func TestAsksAgain(t *testing.T) {
	fsys := sample()
	add := func(version, on, change string) {
		for _, language := range []string{"ja", "en"} {
			fsys["policies/rules/"+version+"."+language+".md"] = &fstest.MapFile{Data: []byte(edition(version, language, on, change, "## 目的 {#1}\n\n第"+version+"版\n\n## 定義 {#2}\n"))}
		}
	}
	add("2", "2026-06-01", "editorial")
	add("3", "2026-09-01", "material\ntouches: [\"2\"]")
	c, err := policy.LoadCatalogue(fsys, "ja", "en")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		signed  int
		clauses []string
		day     string
		want    int
	}{
		"editorial does not ask":      {1, nil, "2026-08-31", 0},
		"material asks":               {1, nil, "2026-09-01", 3},
		"also who signed the second":  {2, nil, "2026-09-01", 3},
		"not who signed it":           {3, nil, "2026-12-01", 0},
		"not whom it does not touch":  {1, []string{"1"}, "2026-12-01", 0},
		"whom the changed clause has": {1, []string{"1", "2"}, "2026-12-01", 3},
	} {
		if got, _, _ := c.AsksAgain("rules", tc.signed, tc.clauses, calendar.MustDate(tc.day)); got != tc.want {
			t.Errorf("%s: asked to sign version %d, want %d", name, got, tc.want)
		}
	}
}
