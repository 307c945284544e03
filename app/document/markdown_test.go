package document_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kokoroe/app/document"
)

func TestRender(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, source string
		options      document.Options
		want         string
	}{
		{"clause heading", "## 1 目的 {#1}", document.Options{}, `<h2 id="clause-1">1 目的</h2>`},
		{"sub-clause heading", "### （5） 機密性 {#2-5}", document.Options{}, `<h3 id="clause-2-5">（5） 機密性</h3>`},
		{"own prefix, pushed down", "## a {#1}", document.Options{Prefix: "new-", Deeper: 2}, `<h4 id="new-1">a</h4>`},
		{"second of the same ID", "## a {#1}\n\n## b {#1}", document.Options{}, "<h2 id=\"clause-1\">a</h2>\n<h2>b</h2>"},
		{"escaped ID stays text", `## a \{#1}`, document.Options{}, `<h2>a {#1}</h2>`},
		{"ruby", "{漢字|かんじ}", document.Options{}, `<p><ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby></p>`},
		{"ruby off", "{漢字|かんじ}を", document.Options{NoRuby: true}, `<p>漢字を</p>`},
		{"ruby in strong", "**{漢|かん}**", document.Options{NoRuby: true}, `<p><strong>漢</strong></p>`},
		{"ruby without a reading", "{漢字|}{|x}{a}", document.Options{}, `<p>{漢字|}{|x}{a}</p>`},
		{"ruby escaped", `\{漢字|かんじ}`, document.Options{}, `<p>{漢字|かんじ}</p>`},
		{"ruby in code", "`{漢字|かんじ}`", document.Options{}, `<p><code>{漢字|かんじ}</code></p>`},
		{"Japanese lines are joined", "職員は、\n直ちに\n（上司に）\n報告", document.Options{}, `<p>職員は、直ちに（上司に）報告</p>`},
		{"joined across emphasis", "職員\n**は**\n直ちに", document.Options{}, `<p>職員<strong>は</strong>直ちに</p>`},
		{"joined across ruby", "職員\n{報告|ほうこく}\nする", document.Options{NoRuby: true}, `<p>職員報告する</p>`},
		{"English lines are not", "report\n**at** once", document.Options{}, "<p>report\n<strong>at</strong> once</p>"},
		{"mixed lines are not", "市の\nUSB", document.Options{}, "<p>市の\nUSB</p>"},
		{"foreign link", "[x](https://a.example/)", document.Options{}, `<p><a href="https://a.example/" rel="noopener noreferrer">x</a></p>`},
		{"own link", "[x](/courses/annual#2)", document.Options{}, `<p><a href="/courses/annual#2">x</a></p>`},
		{"anchor", "[x](#clause-2)", document.Options{}, `<p><a href="#clause-2">x</a></p>`},
		{"raw HTML goes", "a<b>c</b>", document.Options{}, `<p>ac</p>`},
		{"table", "| a | b |\n|---|--:|\n| 1 | 2 |", document.Options{}, "<div class=\"table-frame\" tabindex=\"0\">\n<table>\n<thead>\n<tr>\n<th scope=\"col\">a</th>\n<th scope=\"col\" class=\"align-right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td class=\"align-right\">2</td>\n</tr>\n</tbody>\n</table>\n</div>"},
		{"list from three", "3. x", document.Options{}, "<ol start=\"3\">\n<li>x</li>\n</ol>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := document.Render([]byte(tt.source), tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, strings.TrimSpace(string(got))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestRenderRefusesWhatIsNotText(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"\xff", "a\x00b", "a\r\nb", "\uFEFFa", "か\u3099", "a\u202eb", strings.Repeat("a", document.MaxBytes+1)} {
		if _, err := document.Render([]byte(source), document.Options{}); err == nil {
			t.Errorf("%.20q was rendered", source)
		}
	}
}

func TestSections(t *testing.T) {
	t.Parallel()
	source := "\n前文\n\n## 2 定義 {#2}\n\n次のとおり。\n\n### （1） {網|もう} {#2-1}\n\n本文\n\n#### 小見出し\n\n```\n## 目的 {#9}\n```\n\n> ## 引用 {#8}\n\n## 附則\n\n以上\n\n下線 {#3}\n---\n終"
	type section struct {
		ID, Heading, Body string
		Level, Line       int
	}
	var got []section
	for _, s := range document.Sections([]byte(source)) {
		got = append(got, section{s.ID, s.Heading, string(s.Body), s.Level, s.Line})
	}
	want := []section{
		{"", "", "\n前文\n\n", 0, 1},
		{"2", "2 定義", "\n次のとおり。\n\n", 2, 4},
		{"2-1", "（1） 網", "\n本文\n\n#### 小見出し\n\n```\n## 目的 {#9}\n```\n\n> ## 引用 {#8}\n\n", 3, 8},
		{"", "附則", "\n以上\n\n", 2, 20},
		{"3", "下線", "終", 2, 24},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	assertSectionsAreWhole(t, []byte(source))
}

func assertSectionsAreWhole(t *testing.T, source []byte) {
	t.Helper()
	var joined []byte
	for _, s := range document.Sections(source) {
		joined = append(joined, s.Source...)
		if !bytes.HasSuffix(s.Source, s.Body) {
			t.Errorf("body %q is not the end of %q", s.Body, s.Source)
		}
	}
	if !bytes.Equal(joined, source) && len(bytes.TrimSpace(source)) > 0 {
		t.Errorf("sections join to %q, want %q", joined, source)
	}
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	source := "## 1 {目的|もくてき} {#1}\n\n本市は、**情報**を\n守る。\n\n- a &amp; b\n- [c](https://d.example) `e`\n\n| x | y |\n|---|---|\n| 1 | 2 |\n"
	want := "1 目的\n本市は、情報を守る。\na & b\nc e\nx\ty\n1\t2\n"
	if diff := cmp.Diff(want, document.PlainText([]byte(source))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestHeadings(t *testing.T) {
	t.Parallel()
	got := document.Headings([]byte("## 場面：*朝*\n\n文\n\n### b {#4-1}\n"))
	want := []document.Heading{{Level: 2, Text: "場面：朝", Line: 1}, {ID: "4-1", Level: 3, Text: "b", Line: 5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	source := "# 大見出し\n\n文 <b>x</b>\n\n![絵](x.png)\n\n[外](http://a.example)\n\n## a {#1}\n\n## b {#1}\n\n## c {#x y}\n\n> ## d {#2}\n\n<div>\n</div>\n"
	want := `f.md:11: headings start at level 2 (##)
f.md:13: raw HTML is not shown: write Markdown, and < as &lt;
f.md:15: images are not shown
f.md:17: a link may lead to https, mailto or this site only
f.md:21: the heading's ID 1 comes twice
f.md:23: the heading's ID is malformed: want {#2-5} at its end
f.md:25: a heading with an ID cannot stand in a quotation or a list
f.md:27: raw HTML is not shown: write Markdown, and < as &lt;`
	if diff := cmp.Diff(want, document.Lint("f.md", []byte(source), 11).Error()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if ps := document.Lint("f.md", []byte("## a {#1}\n\n{漢|かん} [x](/y) <https://z.example>\n"), 1); len(ps) > 0 {
		t.Errorf("a good text has problems: %v", ps)
	}
}

func FuzzRuby(f *testing.F) {
	f.Add("漢字", "かんじ")
	f.Add("{a", "b|c")
	f.Add(`\`, "&amp;")
	f.Fuzz(func(t *testing.T, base, reading string) {
		for _, source := range []string{"{" + base + "|" + reading + "}", "## {" + base + `\|` + reading + "} {#1}"} {
			rendered, err := document.Render([]byte(source), document.Options{})
			if err != nil {
				continue
			}
			assertHarmless(t, string(rendered))
			if strings.Count(string(rendered), "<ruby>") != strings.Count(string(rendered), "</ruby>") {
				t.Errorf("ruby is not closed: %q", rendered)
			}
		}
	})
}
