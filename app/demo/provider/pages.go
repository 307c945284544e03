package provider

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"

	"golang.org/x/text/language"

	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	signInPath    = "/sign-in"
	signedOutPath = "/signed-out"
	stylePath     = "/style.css"
)

//go:embed page.html style.css
var files embed.FS

var page = template.Must(template.ParseFS(files, "page.html"))

// pages are the few that people see.
type pages struct {
	cfg      Config
	storage  *storage
	provider *op.Provider
	policy   string
}

// view is what page.html shows.
type view struct {
	Lang, Other string // language tags
	Switch      string // address of this page in the other language
	Realm       string
	Text        texts
	Request     string // empty: nobody can sign in here
	Hint        string // number in the field
	Wrong       bool   // the number is nobody's
	SignedOut   bool
	Buttons     []button
}

type button struct{ Number, Name, Note string }

func (p *pages) ask(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("request")
	request, err := p.storage.request(id)
	if err != nil || request.Done() {
		p.show(w, r, http.StatusNotFound, view{})
		return
	}
	p.show(w, r, http.StatusOK, view{Request: id, Hint: request.LoginHint})
}

func (p *pages) signIn(w http.ResponseWriter, r *http.Request) {
	id, number := r.PostFormValue("request"), r.PostFormValue("number")
	person, ok := p.storage.person(number)
	if !ok {
		p.show(w, r, http.StatusUnprocessableEntity, view{Request: id, Hint: number, Wrong: true})
		return
	}
	request, err := p.storage.complete(id, person)
	if err != nil {
		p.show(w, r, http.StatusNotFound, view{})
		return
	}
	back, err := op.BuildAuthResponseCallbackURL(r.Context(), request, p.provider)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, back, http.StatusSeeOther)
}

func (p *pages) signedOut(w http.ResponseWriter, r *http.Request) {
	p.show(w, r, http.StatusOK, view{SignedOut: true})
}

func (p *pages) style(w http.ResponseWriter, _ *http.Request) {
	css, _ := files.ReadFile("style.css") // embedded
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(css)
}

func (p *pages) show(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Lang, v.Other = languageOf(r), "en"
	if v.Lang == "en" {
		v.Other = "ja"
	}
	v.Text = inLanguage[v.Lang]
	v.Realm = p.cfg.Title[v.Lang]
	q := url.Values{"lang": {v.Other}}
	if v.Request != "" {
		q.Set("request", v.Request)
	}
	v.Switch = r.URL.Path + "?" + q.Encode()
	if v.Request != "" {
		v.Buttons = p.buttons(v.Lang)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Lang)
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

func (p *pages) buttons(lang string) []button {
	var list []button
	for _, person := range p.cfg.People() {
		if note := person.Note[lang]; note != "" {
			list = append(list, button{person.Number, person.Name, note})
		}
	}
	return list
}

var matcher = language.NewMatcher([]language.Tag{language.Japanese, language.English})

func languageOf(r *http.Request) string {
	if l := r.FormValue("lang"); l == "ja" || l == "en" {
		return l
	}
	_, i := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return [...]string{"ja", "en"}[i]
}

// texts are the words of a page.
type texts struct {
	Title, Warning, Choose, ByNumber, Number, NumberHelp, SignIn, Wrong, Gone, GoneHelp, SignedOut, OtherLanguage string
}

var inLanguage = map[string]texts{
	"ja": {
		Title:         "デモ用サインイン",
		Warning:       "これは体験用の画面です。登場する人物はすべて架空で、パスワードはありません。本物の職員番号やパスワードは入力しないでください。",
		Choose:        "だれとしてサインインしますか",
		ByNumber:      "番号で選ぶ",
		Number:        "職員番号",
		NumberHelp:    "見本データの番号を入力します。",
		SignIn:        "この番号でサインイン",
		Wrong:         "この番号の人は見本データにいません。番号を確かめてください。",
		Gone:          "このサインインは終わっています",
		GoneHelp:      "時間が過ぎたか、すでに使われました。元のサイトに戻り、もう一度サインインを始めてください。",
		SignedOut:     "サインアウトしました",
		OtherLanguage: "English",
	},
	"en": {
		Title:         "Demonstration sign-in",
		Warning:       "This page is for trying things out. Everybody here is invented and nobody has a password. Do not type a real staff number or password.",
		Choose:        "Who would you like to be?",
		ByNumber:      "Or choose by number",
		Number:        "Staff number",
		NumberHelp:    "Type a number of the sample data.",
		SignIn:        "Sign in with this number",
		Wrong:         "Nobody in the sample data has this number. Please check it.",
		Gone:          "This sign-in is over",
		GoneHelp:      "It took too long or was used already. Please go back to the site and start again.",
		SignedOut:     "You are signed out",
		OtherLanguage: "日本語",
	},
}
