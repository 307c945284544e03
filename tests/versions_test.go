package tests

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/mod/semver"
)

// floors are the oldest versions that may be built with, and why. The list is
// security policy: raise it, never lower it.
var floors = map[string]string{
	"github.com/gofiber/fiber/v2":        "v2.52.15", // idempotency and CSRF advisories
	"github.com/valyala/fasthttp":        "v1.77.0",  // request smuggling, response splitting
	"github.com/coreos/go-oidc/v3":       "v3.21.0",
	"golang.org/x/oauth2":                "v0.37.0",
	"github.com/go-jose/go-jose/v4":      "v4.1.4", // CVE-2026-34986
	"modernc.org/sqlite":                 "v1.61.1",
	"golang.org/x/mod":                   "v0.42.0", // CVE-2026-56865
	"github.com/yuin/goldmark":           "v1.8.7",  // CVE-2026-5160
	"github.com/microcosm-cc/bluemonday": "v1.0.27",
	"github.com/xuri/excelize/v2":        "v2.11.1", // CVE-2026-54063
	"go.mongodb.org/mongo-driver/v2":     "v2.10.0",
}

func TestFloorVersions(t *testing.T) {
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Path}} {{.Version}}", "all")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	versions := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		versions[path] = version
	}
	for path, floor := range floors {
		if semver.Compare(versions[path], floor) < 0 {
			t.Errorf("%s is %q: at least %s is needed", path, versions[path], floor)
		}
	}
	if v := "v" + strings.TrimPrefix(runtime.Version(), "go"); semver.Compare(v, "v1.26.8") < 0 {
		t.Errorf("built with %s: at least go1.26.8 is needed", runtime.Version())
	}
}
