package social_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"kokoroe/app/social"
)

const register = `accounts:
  - id: koho-x
    service: X
    handle: "@mihon"
    url: "https://x.example/mihon"
    title: {ja: 広報（見本）}
    department: 総務部/秘書広報課
    owner: {number: "000107", since: 2025-04-01}
    operators:
      - {number: "000109", since: 2026-04-01}
`

func load(text string) (*social.Register, error) {
	return social.LoadRegister(fstest.MapFS{"accounts.yaml": {Data: []byte(text)}}, "accounts.yaml")
}

func TestLoadRegister(t *testing.T) {
	r, err := load(register)
	if err != nil {
		t.Fatal(err)
	}
	a, ok := r.Account("koho-x")
	if !ok || len(a.With(social.Owner)) != 1 || len(a.With(social.Deputy)) != 0 || a.With(social.Operator)[0].Number != "000109" {
		t.Errorf("loaded %+v: an account without a deputy is no mistake of the file", a)
	}
}

func TestLoadRegisterNamesWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct{ old, replaced, want string }{
		"not https":    {"https://x.example", "http://x.example", "accounts.yaml:5: url wants an https address"},
		"script":       {"https://x.example/mihon", "javascript:alert(1)", "url wants an https address"},
		"no handle":    {`handle: "@mihon"`, `handle: ""`, "wants service and handle"},
		"no since":     {", since: 2025-04-01", ", since: someday", "wants number and since"},
		"unknown key":  {"operators:", "operator:", `unknown key "operator"`},
		"no id at all": {"id: koho-x", `id: ""`, "wants an id"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(register, tc.old) {
				t.Fatalf("the register has no %q", tc.old)
			}
			_, err := load(strings.Replace(register, tc.old, tc.replaced, 1))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want it to say %q", err, tc.want)
			}
		})
	}
}
