package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const committed = "../../../content/sample"

// The committed sample is what the program writes.
func TestSampleIsUpToDate(t *testing.T) {
	written, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range written {
		got, err := os.ReadFile(filepath.Join(committed, name))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s differs (%v): go run ./app/demo/city", name, err)
		}
	}
}

func TestSampleIsMarked(t *testing.T) {
	entries, err := os.ReadDir(committed)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(committed, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(e.Name()) == ".yaml" && !strings.HasPrefix(string(data), "# 見本データ") {
			t.Errorf("%s does not say that it is a sample", e.Name())
		}
	}
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(committed, name))
	if err != nil {
		t.Fatal(err)
	}
	d := yaml.NewDecoder(strings.NewReader(string(data)))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Fatal(name, err)
	}
}

func people(t *testing.T) map[string]person {
	t.Helper()
	byNumber := map[string]person{}
	names := map[string]bool{}
	for _, p := range append(employees(), workers()...) {
		if _, twice := byNumber[p.number]; twice || names[p.name] {
			t.Errorf("%s %s is there twice", p.number, p.name)
		}
		byNumber[p.number], names[p.name] = p, true
	}
	if len(byNumber) != 320 {
		t.Errorf("%d people", len(byNumber))
	}
	return byNumber
}

func (p person) here() bool {
	return p.joined <= "2026-11-22" && (p.left == "" || p.left >= "2026-11-22")
}

func (p person) away() bool {
	return p.leaveFrom != "" && p.leaveFrom <= "2026-11-22" && (p.leaveUntil == "" || p.leaveUntil >= "2026-11-22")
}

type holder struct{ Number, Since string }

func TestAccounts(t *testing.T) {
	var doc struct {
		Accounts []struct {
			ID, Service, Handle, URL, Department string
			Title                                struct{ Ja, En string }
			Owner                                holder
			Deputy                               *holder
			Operators                            []holder
		}
	}
	read(t, "accounts.yaml", &doc)
	byNumber := people(t)
	owned := map[string]int{}
	withoutDeputy, withoutOwner := 0, 0
	for _, a := range doc.Accounts {
		owned[a.Owner.Number]++
		if !byNumber[a.Owner.Number].here() {
			withoutOwner++
		}
		all := append([]holder{a.Owner}, a.Operators...)
		if a.Deputy == nil {
			withoutDeputy++
		} else {
			all = append(all, *a.Deputy)
		}
		for _, h := range all {
			if p, known := byNumber[h.Number]; !known || !strings.HasPrefix(p.department, a.Department) || h.Since < p.joined {
				t.Errorf("%s: %+v is not of %s", a.ID, h, a.Department)
			}
		}
	}
	if len(doc.Accounts) != 6 || withoutDeputy != 1 || withoutOwner != 1 {
		t.Errorf("%d accounts, %d without deputy, %d without owner", len(doc.Accounts), withoutDeputy, withoutOwner)
	}
	if first := doc.Accounts[0]; owned[first.Owner.Number] != 1 || first.Deputy == nil || !byNumber[first.Deputy.Number].here() {
		t.Error("the first account is not the one in order")
	}
}

func TestSignInsAndRoles(t *testing.T) {
	var doc struct {
		People []struct{ Number, As, Provider string }
	}
	var held struct{ Roles map[string][]string }
	read(t, "sign-ins.yaml", &doc)
	read(t, "roles.yaml", &held)
	byNumber := people(t)
	as := map[string]person{}
	for _, s := range doc.People {
		p, known := byNumber[s.Number]
		if !known || !p.here() || p.away() || (s.As == "contractor") != (s.Provider == "contractors") {
			t.Errorf("%+v cannot sign in", s)
		}
		as[s.As] = p
		if numbers, isRole := held.Roles[s.As]; isRole && numbers[0] != s.Number {
			t.Errorf("%s does not hold the role %s", s.Number, s.As)
		}
	}
	if len(as) != 7 || len(held.Roles) != 3 {
		t.Errorf("%d sign-ins, %d roles", len(as), len(held.Roles))
	}
	if as["head"].post != "課長" || as["employee"].employment != regular || as["employee"].post != "主事" || as["contractor"].employment != contracted {
		t.Errorf("sign-ins: %+v", as)
	}
	below := 0
	for _, p := range byNumber {
		if p.here() && strings.HasPrefix(p.department, as["head"].department+"/") {
			below++
		}
	}
	if below < 10 {
		t.Errorf("the head has %d people below", below)
	}
}

func TestContracts(t *testing.T) {
	var doc struct {
		Suppliers []struct {
			ID, Name, Parent string
			NameEn           string `yaml:"name_en"`
		}
		Contracts []struct {
			ID, Supplier, Department, From, Until string
			Title                                 struct{ Ja, En string }
			Obligations                           []string
			Workers                               []struct{ Number, From string }
		}
	}
	read(t, "suppliers.yaml", &doc)
	byNumber := people(t)
	under := map[string]bool{}
	for _, c := range doc.Contracts {
		for _, w := range c.Workers {
			p, known := byNumber[w.Number]
			if !known || under[w.Number] || p.department != c.Department || p.employment != contracted || w.From < c.From {
				t.Errorf("%s: %+v", c.ID, w)
			}
			under[w.Number] = true
		}
	}
	if len(doc.Suppliers) != 3 || len(under) != 20 || doc.Suppliers[1].Parent != doc.Suppliers[0].ID {
		t.Errorf("%d suppliers, %d workers", len(doc.Suppliers), len(under))
	}
}
