package identity_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kokoroe/app/identity"
)

var messageID = regexp.MustCompile(`"(sign_in\.[a-z_.]+)"`)

// Every message that this package may show exists in both languages.
func TestMessagesExist(t *testing.T) {
	ids := map[string]bool{"sign_in.everybody": true}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messageID.FindAllStringSubmatch(string(src), -1) {
			ids[m[1]] = true
		}
	}
	for _, r := range identity.Roles() {
		ids["sign_in.role."+string(r)] = true
	}
	for r := identity.Nothing; r <= identity.All; r++ {
		ids["sign_in.relation."+r.String()] = true
	}
	for _, lang := range []string{"ja", "en"} {
		src, err := os.ReadFile("../../locales/sign_in." + lang + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		for id := range ids {
			if !strings.Contains(string(src), "\n"+id+": ") {
				t.Errorf("%s: no %s", lang, id)
			}
		}
	}
}
