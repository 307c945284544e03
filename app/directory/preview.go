package directory

import (
	"slices"
	"strings"

	"kokoroe/app/calendar"
)

// FieldChange is one thing about a person that an import changes. Field is a
// message ID, "roster.field.…".
type FieldChange struct{ Field, Before, After string }

// Changes returns what the difference consists of. Values are as in the file,
// but forms of employment are message IDs.
func (p *Plan) Changes(d Difference) []FieldChange {
	var out []FieldChange
	add := func(field, before, after string) {
		if before != after {
			out = append(out, FieldChange{"roster.field." + field, before, after})
		}
	}
	b, a := d.Before, d.After
	add("number", b.Number, a.Number)
	add("name", b.Name, a.Name)
	add("kana", b.Kana, a.Kana)
	add("mail", b.Mail, a.Mail)
	add("employment", employmentName(b.Employment), employmentName(a.Employment))
	add("department", p.PathName(b.lastDepartment()), p.PathName(a.lastDepartment()))
	add("since", since(b).String(), since(a).String())
	add("post", b.Post, a.Post)
	add("joined", b.JoinedOn.String(), a.JoinedOn.String())
	add("left", b.LeftOn.String(), a.LeftOn.String())
	add("leaves", periods(b.Leaves), periods(a.Leaves))
	return out
}

// PathName returns the path of a department, one that the plan makes included.
func (p *Plan) PathName(id DepartmentID) string {
	if i := slices.IndexFunc(p.NewDepartments, func(n NewDepartment) bool { return n.ID == id }); i >= 0 {
		return p.NewDepartments[i].Path
	}
	return p.roster.PathName(id)
}

// since is the day that the last stay began or will begin.
func since(p Person) calendar.Date {
	if len(p.Memberships) == 0 {
		return calendar.Date{}
	}
	return p.Memberships[len(p.Memberships)-1].From
}

func employmentName(e Employment) string {
	if e == "" {
		return ""
	}
	return "roster.employment." + string(e)
}

func periods(ps []calendar.Period) string {
	var out []string
	for _, p := range ps {
		out = append(out, p.From.String()+"/"+p.Until.String())
	}
	return strings.Join(out, " ")
}
