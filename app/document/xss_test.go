package document_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"kokoroe/app/document"
)

// attacks are texts that somebody might hope a browser would run.
var attacks = []string{
	`<script>alert(1)</script>`,
	`<SCRIPT SRC=https://evil.example/x.js></SCRIPT>`,
	`<scr<script>ipt>alert(1)</scr</script>ipt>`,
	"<script\n>alert(1)</script\n>",
	`</p><script>alert(1)</script>`,
	`<img src=x onerror=alert(1)>`,
	`<img src="javascript:alert(1)">`,
	`<IMG """><SCRIPT>alert(1)</SCRIPT>">`,
	`<svg onload=alert(1)>`,
	`<svg><script>alert(1)</script></svg>`,
	`<svg><animate onbegin=alert(1) attributeName=x dur=1s>`,
	`<math><mi xlink:href="javascript:alert(1)">x</mi></math>`,
	`<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`,
	`<iframe src="javascript:alert(1)"></iframe>`,
	`<iframe srcdoc="<script>alert(1)</script>"></iframe>`,
	`<object data="data:text/html,<script>alert(1)</script>"></object>`,
	`<embed src="data:image/svg+xml;base64,PHN2Zz4=">`,
	`<form action="https://evil.example"><button>x</button></form>`,
	`<input autofocus onfocus=alert(1)>`,
	`<details open ontoggle=alert(1)>x</details>`,
	`<body onload=alert(1)>`,
	`<base href="https://evil.example/">`,
	`<meta http-equiv="refresh" content="0;url=javascript:alert(1)">`,
	`<link rel=stylesheet href="https://evil.example/x.css">`,
	`<style>body{background:url(javascript:alert(1))}</style>`,
	`<div style="width:expression(alert(1))">x</div>`,
	`<div onclick=alert(1) class="table-frame" tabindex="0">x</div>`,
	`<a href="javascript:alert(1)">x</a>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
	`<textarea><script>alert(1)</script></textarea>`,
	`<template><script>alert(1)</script></template>`,
	`<!--><script>alert(1)</script>-->`,
	`<![CDATA[<script>alert(1)</script>]]>`,
	`<?xml-stylesheet href="javascript:alert(1)"?>`,
	`[x](javascript:alert(1))`,
	`[x](JaVaScRiPt:alert(1))`,
	`[x](<javascript:alert(1)>)`,
	`[x](java&#10;script:alert(1))`,
	"[x](<java\tscript:alert(1)>)",
	`[x](&#106;avascript:alert(1))`,
	`[x](&#x6A;&#x61;vascript:alert(1))`,
	`[x](javascript&colon;alert(1))`,
	`[x](%6Aavascript:alert(1))`,
	`[x](&#1;javascript:alert(1))`,
	`[x](vbscript:msgbox(1))`,
	`[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)`,
	`[x](data:image/svg+xml,<svg onload=alert(1)>)`,
	`[x](file:///etc/passwd)`,
	`[x](ftp://evil.example/)`,
	`[x](blob:https://evil.example/1)`,
	`[x](//evil.example/)`,
	`[x](https://#00000000000)`,
	`[x](https:///evil.example)`,
	`[x](https:evil.example)`,
	`[x](/\evil.example/)`,
	`[x](\\\\evil.example/)`,
	`[x](/%09/evil.example "t")`,
	`[x](http://evil.example)`,
	`[x](https://ok.example "onmouseover=alert(1)")`,
	`[x](https://ok.example" onmouseover="alert(1))`,
	`[x](<https://ok.example/"onclick="alert(1)>)`,
	`[[x](javascript:alert(1))](https://ok.example)`,
	`[![x](javascript:alert(1))](javascript:alert(2))`,
	`![x](javascript:alert(1))`,
	`![x](https://evil.example/pixel.gif)`,
	`![x" onerror="alert(1)](x)`,
	"[x]\n\n[x]: javascript:alert(1)",
	"[x]\n\n[x]: <data:text/html,1> 'onclick=alert(1)'",
	`<javascript:alert(1)>`,
	`<javascript&colon;alert(1)>`,
	`<data:text/html,alert(1)>`,
	`<https://ok.example/"onclick=alert(1)>`,
	`<a@b.example"onclick=alert(1)>`,
	`www.evil.example/"onmouseover="alert(1)`,
	`https://ok.example/<script>alert(1)</script>`,
	"`<script>alert(1)</script>`",
	"```html\n<script>alert(1)</script>\n```",
	"```\"><script>alert(1)</script>\nx\n```",
	"    <script>alert(1)</script>",
	"~~~ onload=alert(1)\nx\n~~~",
	`## x {#1" onclick="alert(1)}`,
	`## x {#a onclick=alert(1)}`,
	`## x {onclick=alert(1)}`,
	`## x {#1 .c style=x}`,
	`## x {#<script>alert(1)</script>}`,
	`{漢字|<script>alert(1)</script>}`,
	`{<img src=x onerror=alert(1)>|よみ}`,
	`{"onclick=alert(1)|よみ}`,
	`{&lt;script&gt;|&quot;onclick}`,
	`{{漢|かん}|<b>}`,
	`{</ruby><script>|x}`,
	"| a |\n|---|\n| <script>alert(1)</script> |",
	"| a |\n|:-\" onclick=\"-:|\n| x |",
	"| <img src=x onerror=alert(1)> |\n|:-:|\n| {a\\|<svg>} |",
	`<table background="javascript:alert(1)"><tr><td>x`,
	`<ruby><rt onclick=alert(1)>x</rt></ruby>`,
	`**<script>**alert(1)</script>`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`,
	`&#60;script&#62;alert(1)&#60;/script&#62;`,
	"<x\u2028onclick=alert(1)>",
	"＜script＞alert(1)＜/script＞",
	"- [x] <input type=image src=x onerror=alert(1)>",
	"- [ ] task",
	"> <script>\n> alert(1)\n> </script>",
	"1. x\n   <svg/onload=alert(1)>",
	"x\n<div\n\nonclick=alert(1)>",
	`<p title="&quot;><script>alert(1)</script>">`,
	`[x](mailto:a@b.example?subject=<script>alert(1)</script>)`,
	`[x](mailto:"onclick=alert(1)@b.example)`,
	`[x](#"onclick="alert(1))`,
	`[x](?a=javascript:alert(1))`,
}

// allowedAttributes are the attributes that an element may have.
var allowedAttributes = map[string][]string{
	"a": {"href", "rel"}, "div": {"class", "tabindex"}, "ol": {"start"}, "th": {"scope", "class"}, "td": {"class"},
	"h1": {"id"}, "h2": {"id"}, "h3": {"id"}, "h4": {"id"}, "h5": {"id"}, "h6": {"id"},
	"p": {}, "br": {}, "hr": {}, "blockquote": {}, "pre": {}, "code": {}, "em": {}, "strong": {}, "del": {}, "ul": {},
	"li": {}, "ruby": {}, "rt": {}, "rp": {}, "table": {}, "thead": {}, "tbody": {}, "tr": {},
}

// assertHarmless reads the fragment as a browser would and refuses everything
// that is not expected.
func assertHarmless(t *testing.T, fragment string) {
	t.Helper()
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(fragment), body)
	if err != nil {
		t.Fatalf("cannot parse %q: %v", fragment, err)
	}
	for _, root := range nodes {
		for n := range root.Descendants() {
			assertNode(t, fragment, n)
		}
		assertNode(t, fragment, root)
	}
}

func assertNode(t *testing.T, fragment string, n *html.Node) {
	t.Helper()
	if n.Type == html.TextNode {
		return
	}
	attributes, known := allowedAttributes[n.Data]
	if n.Type != html.ElementNode || !known || n.Namespace != "" {
		t.Errorf("unexpected %q in %q", n.Data, fragment)
	}
	for _, a := range n.Attr {
		if !slices.Contains(attributes, a.Key) {
			t.Errorf("unexpected attribute %s of %s in %q", a.Key, n.Data, fragment)
		}
		if a.Key == "href" {
			assertURL(t, a.Val)
		}
		if a.Key == "id" && !strings.HasPrefix(a.Val, "clause-") {
			t.Errorf("id %q could name something of the page's", a.Val)
		}
	}
}

func assertURL(t *testing.T, href string) {
	t.Helper()
	base := &url.URL{Scheme: "https", Host: "portal.example", Path: "/lessons/1"}
	u, err := base.Parse(strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(href)) // as browsers do
	switch {
	case err != nil:
		t.Errorf("link %q: %v", href, err)
	case u.Scheme == "mailto":
	case u.Scheme != "https":
		t.Errorf("link %q leads to %s", href, u.Scheme)
	case u.Host != "portal.example" && !strings.HasPrefix(href, "https://"):
		t.Errorf("link %q leads to %s in disguise", href, u.Host)
	}
}

func TestRenderedAttacksAreHarmless(t *testing.T) {
	t.Parallel()
	for _, attack := range attacks {
		for _, source := range []string{attack, "本文 " + attack + " 続き", "- " + attack, "> " + attack, "## " + attack} {
			rendered, err := document.Render([]byte(source), document.Options{})
			if err != nil {
				continue // refused altogether
			}
			assertHarmless(t, string(rendered))
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, attack := range attacks {
		f.Add([]byte(attack))
	}
	f.Add([]byte("## {目的|もくてき} {#2-5}\n\n| a | b |\n|---|--:|\n| {表\\|ひょう} | 1 |\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		rendered, err := document.Render(source, document.Options{})
		if err != nil {
			return
		}
		again, _ := document.Render(source, document.Options{})
		if again != rendered {
			t.Errorf("rendered differently: %q", source)
		}
		assertHarmless(t, string(rendered))
		_ = document.Lint("f.md", source, 1)
		document.PlainText(source)
		document.Headings(source)
		assertSectionsAreWhole(t, source)
	})
}
