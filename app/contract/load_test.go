package contract_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"kokoroe/app/calendar"
	"kokoroe/app/contract"
)

const register = `suppliers:
  - {id: S1, name: 見本（見本）}
  - {id: S2, name: 再委託先（見本）, parent: S1}
contracts:
  - id: K-1
    supplier: S2
    title: {ja: 保守}
    department: 総務部/情報政策課
    from: 2026-04-01
    until: 2027-03-31
    obligations: [rules]
    workers:
      - {number: W0001}
      - {number: W0002, from: 2026-05-01, until: 2028-01-01}
`

func load(text string) (*contract.Register, error) {
	fsys := fstest.MapFS{"suppliers.yaml": {Data: []byte(text)}}
	return contract.LoadRegister(fsys, "suppliers.yaml", func(id string) bool { return id == "rules" })
}

func TestLoadRegister(t *testing.T) {
	r, err := load(register)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := r.Contract("K-1")
	if !ok || len(c.Workers) != 2 {
		t.Fatalf("loaded %+v", c)
	}
	// Nobody works under a contract before or after it.
	if p := c.Workers[0].Period; p != c.Period {
		t.Errorf("a worker without days of their own: %+v", p)
	}
	if p := c.Workers[1].Period; p.From != calendar.MustDate("2026-05-01") || p.Until != calendar.MustDate("2027-03-31") {
		t.Errorf("a worker who stays longer than the contract: %+v", p)
	}
	chain := r.Chain("S2")
	if len(chain) != 2 || chain[0].ID != "S1" || chain[1].ID != "S2" {
		t.Errorf("the chain of S2: %+v", chain)
	}
}

func TestLoadRegisterNamesWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct{ old, replaced, want string }{
		"unknown supplier":   {"supplier: S2", "supplier: S9", `suppliers.yaml:6: there is no supplier "S9"`},
		"unknown parent":     {"parent: S1", "parent: S9", `suppliers.yaml:3: there is no supplier "S9"`},
		"circle":             {"{id: S1, name: 見本（見本）}", "{id: S1, name: 見本（見本）, parent: S2}", "circle"},
		"unknown policy":     {"[rules]", "[nothing]", `there is no policy "nothing"`},
		"ends before":        {"until: 2027-03-31", "until: 2025-03-31", "is before"},
		"no date":            {"from: 2026-04-01", "from: soon", "is not a date"},
		"same supplier":      {"id: S2", "id: S1", `another supplier "S1"`},
		"unknown key":        {"department:", "departement:", `unknown key "departement"`},
		"worker unnamed":     {"{number: W0001}", "{from: 2026-04-01}", "wants the number"},
		"day does not exist": {"from: 2026-05-01", "from: 2026-02-30", "is not a date"},
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
