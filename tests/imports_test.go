package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The import policy. It is a statement of how the program is cut: what each
// package may import of this module. DO NOT CHANGE THIS DATA TO FIX A BUILD;
// change it when the cut itself changes, and say why in the commit.
//
// A level may import the levels above it in this list as far as named, and
// nothing else: level-2 packages never import each other, drivers never import
// the web, nobody imports the composition root but commands and tests.
var (
	level0 = []string{"fault", "calendar", "document", "locale", "spreadsheet"}
	level1 = []string{"directory", "evidence"}
	level2 = []string{"learning", "policy", "contract", "social", "duty", "identity", "job", "retention", "notify", "reminder", "edition"}
	domain = slices.Concat(level0, level1, level2)
)

var mayImport = map[string][]string{
	"app/fault":       nil,
	"app/calendar":    nil,
	"app/document":    {"fault"},
	"app/locale":      {"fault", "calendar"},
	"app/spreadsheet": {"fault"},

	"app/directory": {"fault", "calendar", "spreadsheet"},
	"app/evidence":  {"fault", "calendar"},

	"app/evidence/witness": {"calendar", "evidence"}, // a program of its own for another host, and the client that asks it

	"app/learning":  {"fault", "calendar", "document", "directory", "evidence"},
	"app/policy":    {"fault", "calendar", "document", "directory", "evidence"},
	"app/contract":  {"fault", "calendar", "document", "directory", "evidence"},
	"app/social":    {"fault", "calendar", "document", "directory", "evidence"},
	"app/duty":      {"fault", "calendar", "document", "directory", "evidence"},
	"app/identity":  {"fault", "calendar", "directory"},
	"app/job":       {"fault", "calendar"},
	"app/retention": {"calendar", "document", "directory", "evidence"},
	"app/notify":    {"fault", "calendar", "directory"},

	"app/reminder": {"calendar", "document", "directory"}, // when, as content says it; it knows days, not assignments

	"app/edition": {"fault"}, // what takes force together, as paths and bytes: it knows no domain

	"app/notify/smtp": {"notify"}, // the way to a mail server, which the outbox knows as an interface

	"app/identity/identitytest": {"fault", "calendar", "directory", "identity"}, // a store in memory, for tests alone

	"app/report":     domain,
	"app/report/qr":  nil,
	"app/report/pdf": {"report/qr"}, // a sheet is words already: it knows no domain

	"app/report/pdf/pdftest": nil, // a reader of what was written, for tests alone

	"app/store":           append([]string{"report"}, domain...),
	"app/store/storetest": append([]string{"report", "store"}, domain...),
	"app/store/sqlite":    append([]string{"report", "store"}, domain...),
	"app/store/mongodb":   append([]string{"report", "store"}, domain...),

	"app/web/view": {"fault", "calendar", "locale"},
	"app/web":      append([]string{"report", "report/pdf", "report/qr", "web/view"}, domain...),

	"app": append([]string{"report", "report/pdf", "store", "store/sqlite", "store/mongodb", "web", "web/view", "notify/smtp"}, domain...),
}

// oneVendor says where each library may be imported, in this module's own
// packages: one vendor, one place.
var oneVendor = map[string][]string{
	"github.com/gofiber/fiber":       {"app/web"},
	"github.com/valyala/fasthttp":    {"app/web"},
	"go.mongodb.org/":                {"app/store/mongodb"},
	"github.com/hashicorp/":          {"app/store/mongodb"},
	"modernc.org/sqlite":             {"app/store/sqlite"},
	"database/sql":                   {"app/store/sqlite"},
	"github.com/pressly/goose":       {"app/store/sqlite"},
	"github.com/coreos/go-oidc":      {"app/identity"},
	"golang.org/x/oauth2":            {"app/identity"},
	"github.com/nicksnyder/go-i18n":  {"app/locale"},
	"github.com/yuin/goldmark":       {"app/document"},
	"github.com/microcosm-cc/":       {"app/document"},
	"github.com/sergi/go-diff":       {"app/document"},
	"github.com/xuri/excelize":       {"app/spreadsheet"},
	"github.com/signintech/gopdf":    {"app/report/pdf"},
	"rsc.io/qr":                      {"app/report/qr"},
	"golang.org/x/text/encoding":     {"app/spreadsheet"},
	"golang.org/x/mod/sumdb":         {"app/evidence", "app/evidence/witness"},
	"github.com/gowebpki/jcs":        {"app/evidence"},
	"github.com/zitadel/oidc":        {"app/demo/provider"},
	"github.com/alecthomas/kong":     {"cmd/kokoroe", "cmd/kokoroe-verify"},
	"github.com/wneessen/go-mail":    {"app/notify/smtp"},
	"github.com/emersion/go-smtp":    nil,
	"github.com/emersion/go-sasl":    nil,
	"github.com/go-playground/":      {"app/web"},
	"html/template":                  {"app/document", "app/web/view", "app/learning", "app/policy", "app/web", "app/demo/provider"},
	"net/http/httptest":              nil,
	"github.com/transparency-dev/":   nil,
	"pgregory.net/rapid":             {"app/store/storetest"},
	"github.com/PuerkitoBio/goquery": nil,
}

// outermost are the packages that may see everything: commands, the
// demonstration, and what only tests use. Nobody under app/ imports them.
var outermost = []string{"cmd/", "app/demo", "tests", "content", "locales", "static"}

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "kokoroe/")
		for _, imported := range p.Imports {
			if own, ok := strings.CutPrefix(imported, "kokoroe/"); ok {
				checkOwn(t, name, own)
				continue
			}
			checkVendor(t, name, imported)
		}
		if _, listed := mayImport[name]; !listed && !isOutermost(name) {
			t.Errorf("package %s is not in the import policy: say what it owns and what it may import", name)
		}
	}
}

func isOutermost(name string) bool {
	return slices.ContainsFunc(outermost, func(o string) bool {
		return name == strings.TrimSuffix(o, "/") || strings.HasPrefix(name, strings.TrimSuffix(o, "/")+"/")
	})
}

func checkOwn(t *testing.T, name, imported string) {
	t.Helper()
	if isOutermost(name) {
		return
	}
	if isOutermost(imported) || imported == "app" {
		t.Errorf("%s imports %s: nobody under app/ imports the rim", name, imported)
		return
	}
	if !slices.Contains(mayImport[name], strings.TrimPrefix(imported, "app/")) {
		t.Errorf("%s imports %s: the import policy does not allow it", name, imported)
	}
}

func checkVendor(t *testing.T, name, imported string) {
	t.Helper()
	if isOutermost(name) && name != "app/demo/provider" && !strings.HasPrefix(name, "cmd/") {
		return
	}
	for vendor, places := range oneVendor {
		if strings.HasPrefix(imported, vendor) && !slices.Contains(places, name) {
			t.Errorf("%s imports %s: that library is for %v", name, imported, places)
		}
	}
}

// TestLayout holds the fixed top level.
func TestLayout(t *testing.T) {
	cmd := exec.Command("git", "ls-tree", "--name-only", "HEAD")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-tree: %v", err)
	}
	allowed := []string{"cmd", "app", "content", "locales", "static", "tests", "go.mod", "go.sum", "Dockerfile", "README.md", "LICENSE"}
	for _, entry := range strings.Fields(string(out)) {
		if !strings.HasPrefix(entry, ".") && !slices.Contains(allowed, entry) {
			t.Errorf("%s is outside the fixed top level", entry)
		}
	}
}
