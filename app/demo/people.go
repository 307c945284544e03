package demo

import (
	"context"
	"fmt"
	"io/fs"

	"kokoroe/app/document"
)

// SignIn is a sample person to sign in as, and what it shows.
type SignIn struct {
	Number   string
	Name     string
	As       string // employee, head, contractor, account-owner, hr, security-office, auditor
	Provider string
	Note     map[string]string // by language
}

// notes say what signing in as a person shows.
var notes = map[string]map[string]string{
	"employee":        {"ja": "職員：研修・理解度テスト・誓約・受領証", "en": "Employee: course, check, acknowledgement, receipt"},
	"head":            {"ja": "所属長：自分の課の状況を氏名で見る", "en": "Department head: own department, by name"},
	"contractor":      {"ja": "委託事業者の従事者：契約の遵守事項に誓約する", "en": "Contractor worker: signs the obligations of the contract"},
	"account-owner":   {"ja": "ソーシャルメディアアカウントの責任者", "en": "Social media account owner"},
	"hr":              {"ja": "人事課：全庁の状況、書き出し", "en": "HR: the whole city, exports"},
	"security-office": {"ja": "情報セキュリティ担当：アカウント台帳、委託契約", "en": "Security office: account register, contracts"},
	"auditor":         {"ja": "監査：証跡を探し、検証する", "en": "Auditor: finds a record and verifies it"},
}

// readSignIns reads which sample people the provider offers.
func (d *Demo) readSignIns(ctx context.Context, city fs.FS) error {
	const name = "sign-ins.yaml"
	src, err := fs.ReadFile(city, name)
	if err != nil {
		return err
	}
	var file struct {
		People []struct {
			Number   string `yaml:"number"`
			As       string `yaml:"as"`
			Provider string `yaml:"provider"`
		} `yaml:"people"`
	}
	if problems := document.Decode(name, src, &file); len(problems) > 0 {
		return problems
	}
	roster, err := d.App.Rosters.Current(ctx)
	if err != nil {
		return err
	}
	for _, row := range file.People {
		p, ok := roster.PersonByNumber(row.Number)
		if !ok {
			return fmt.Errorf("%s: nobody has the number %s", name, row.Number)
		}
		d.People = append(d.People, SignIn{Number: row.Number, Name: p.Name, As: row.As, Provider: row.Provider, Note: notes[row.As]})
	}
	return nil
}

// As returns the sample person who shows a role.
func (d *Demo) As(role string) (SignIn, bool) {
	for _, s := range d.People {
		if s.As == role {
			return s, true
		}
	}
	return SignIn{}, false
}
