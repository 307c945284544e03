package directory_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kokoroe/app/directory"
)

var messageID = regexp.MustCompile(`"((?:roster|spreadsheet)\.[a-z_.-]+[a-z])"`)

// Every message that an import can give exists in both languages, with the
// same arguments, and none is left over.
func TestMessages(t *testing.T) {
	used := map[string]bool{"roster.place": true}
	for _, dir := range []string{".", "../spreadsheet"} {
		sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range sources {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range messageID.FindAllStringSubmatch(string(source), -1) {
				if !strings.HasSuffix(name, "_test.go") {
					used[m[1]] = true
				}
			}
		}
	}
	for _, f := range []string{"number", "name", "kana", "mail", "employment", "department", "since", "post", "joined", "left", "leaves"} {
		used["roster.field."+f] = true
	}
	for _, e := range []directory.Employment{directory.Regular, directory.FiscalYear, directory.Dispatched, directory.Contracted} {
		used["roster.employment."+string(e)] = true
	}
	ja, en := catalogue(t, "ja"), catalogue(t, "en")
	argument := regexp.MustCompile(`\{\{\.\w+\}\}`)
	for id := range used {
		if ja[id] == "" || en[id] == "" {
			t.Errorf("%s is not said in both languages", id)
		}
		for _, a := range argument.FindAllString(ja[id], -1) {
			if !strings.Contains(en[id], a) {
				t.Errorf("%s: %s only in Japanese", id, a)
			}
		}
	}
	for id := range ja {
		if !used[id] {
			t.Errorf("%s is never used", id)
		}
	}
	if len(ja) != len(en) {
		t.Errorf("%d messages in Japanese, %d in English", len(ja), len(en))
	}
}

func catalogue(t *testing.T, language string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, area := range []string{"roster", "spreadsheet"} {
		data, err := os.ReadFile("../../locales/" + area + "." + language + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(data, &all); err != nil {
			t.Fatal(err)
		}
	}
	return all
}
