package main

import (
	"fmt"
)

// person is a row of the roster file, in the file's own words.
type person struct {
	number, name, kana, mail string
	employment               string
	department, post         string
	joined, left             string
	leaveFrom, leaveUntil    string
	moved                    string
	outOfScope               bool
}

// employees returns the staff, department by department, numbered in that
// order from 000101.
func employees() []person {
	var all []person
	add := func(p person) {
		n := len(all)
		name := employeeName(n)
		p.number = fmt.Sprintf("%06d", 101+n)
		p.name, p.kana = name.name, name.kana
		if p.mail == "" {
			p.mail = fmt.Sprintf("s%s@city.mihon.example", p.number)
		} else {
			p.mail = ""
		}
		if p.joined == "" {
			p.joined = fmt.Sprintf("%d-04-01", hiredIn(p.post, n))
		}
		all = append(all, p)
	}
	for _, b := range cityHall {
		add(person{department: b.name, post: b.post, employment: regular, outOfScope: b.outOfScope})
		for _, d := range b.divisions {
			path := b.name + "/" + d.name
			add(person{department: path, post: d.post, employment: regular, outOfScope: b.outOfScope})
			for _, s := range d.sections {
				path := path + "/" + s.name
				add(person{department: path, post: "係長", employment: regular, outOfScope: b.outOfScope})
				for i := range s.staff {
					p := staff(i, len(all))
					p.department, p.outOfScope = path, b.outOfScope
					add(p)
				}
			}
		}
	}
	tellStories(all)
	return all
}

// The forms of employment.
const (
	regular    = "正職員"
	fiscalYear = "会計年度任用職員"
	dispatched = "派遣"
	contracted = "委託"
)

// noMail marks somebody without a mailbox until the number is known.
const noMail = "-"

// staff returns the i-th below a 係長; n is the place in the whole roster.
func staff(i, n int) person {
	switch i {
	case 0:
		return person{employment: regular, post: "主査"}
	case 1:
		return person{employment: regular, post: "主任"}
	case 3, 5, 7:
		p := person{employment: fiscalYear, post: "事務補助員", joined: "2026-04-01", left: "2027-03-31"}
		if n%3 == 0 {
			p.mail = noMail
		}
		return p
	case 6:
		return person{employment: regular, post: "主事補", joined: "2026-04-01"}
	case 8:
		return person{employment: dispatched, post: "派遣職員", joined: "2026-05-01", left: "2027-03-31", mail: noMail}
	default:
		return person{employment: regular, post: "主事"}
	}
}

// hiredIn returns the year when somebody who holds the post now was hired.
func hiredIn(post string, n int) int {
	switch post {
	case "部長", "局長":
		return 1988 + n%4
	case "課長", "館長":
		return 1993 + n%7
	case "係長":
		return 2000 + n%9
	case "主査":
		return 2007 + n%7
	case "主任":
		return 2012 + n%6
	default:
		return 2017 + n%9
	}
}

// story is what happened to one of the staff: the index-th below the 係長 (-1
// is the 係長).
type story struct {
	department string
	index      int
	tell       func(*person)
}

func onLeave(from, until string) func(*person) {
	return func(p *person) { p.leaveFrom, p.leaveUntil = from, until }
}
func hasLeft(on string) func(*person)  { return func(p *person) { p.left = on } }
func hasMoved(on string) func(*person) { return func(p *person) { p.moved = on } }
func hasJoined(on string) func(*person) {
	return func(p *person) { p.joined = on }
}
func isDispatched(p *person) {
	p.employment, p.post, p.joined, p.left, p.mail = dispatched, "派遣職員", "2026-06-01", "2027-03-31", ""
}

// stories make every state of the portal appear. Today is 22 November 2026.
var stories = []story{
	// On leave now, one with no known end, and one who is back.
	{"総務部/総務課/総務係", 1, onLeave("2026-05-01", "2027-04-30")},
	{"市民生活部/税務課/資産税係", 2, onLeave("2026-08-17", "2027-03-31")},
	{"健康福祉部/子育て支援課/保育係", 1, onLeave("2025-12-01", "2027-03-31")},
	{"健康福祉部/福祉課/生活支援係", 4, onLeave("2026-10-05", "")},
	{"産業建設部/土木課/建設係", 2, onLeave("2026-09-01", "2026-12-28")},
	{"教育委員会事務局/学校教育課/学務係", 2, onLeave("2026-11-02", "2027-10-31")},
	{"健康福祉部/健康増進課/健康づくり係", 2, onLeave("2026-01-13", "2026-10-31")},
	// Joined in the middle of the year; the last two are within their 30 days.
	{"総務部/人事課/給与係", 2, hasJoined("2026-07-01")},
	{"健康福祉部/高齢者支援課/介護保険係", 2, hasJoined("2026-10-01")},
	{"市民生活部/環境課/ごみ減量係", 2, hasJoined("2026-11-02")},
	{"市民生活部/市民課/戸籍住民係", 5, hasJoined("2026-11-16")},
	// Left this year.
	{"産業建設部/産業振興課/商工観光係", 0, hasLeft("2026-09-30")},
	{"市民生活部/税務課/収納係", 4, hasLeft("2026-06-30")},
	{"健康福祉部/福祉課/社会福祉係", 3, hasLeft("2026-10-31")},
	{"教育委員会事務局/図書館/図書係", 5, hasLeft("2026-08-31")},
	{"産業建設部/上下水道課/水道係", 2, hasLeft("2026-11-13")},
	// Transferred: on 1 April, as in every city, and some in October.
	{"総務部/秘書広報課/広報広聴係", 1, hasMoved("2026-04-01")},
	{"総務部/人事課/人事係", -1, hasMoved("2026-04-01")},
	{"総務部/財政課/財政係", 2, hasMoved("2026-04-01")},
	{"市民生活部/市民課/窓口係", 1, hasMoved("2026-04-01")},
	{"市民生活部/税務課/市民税係", -1, hasMoved("2026-04-01")},
	{"市民生活部/危機管理課/防災係", 0, hasMoved("2026-04-01")},
	{"健康福祉部/福祉課/障がい福祉係", 1, hasMoved("2026-04-01")},
	{"健康福祉部/健康増進課/母子保健係", -1, hasMoved("2026-04-01")},
	{"産業建設部/都市計画課/都市計画係", 0, hasMoved("2026-04-01")},
	{"産業建設部/上下水道課/下水道係", 1, hasMoved("2026-04-01")},
	{"教育委員会事務局/教育総務課/学校施設係", 1, hasMoved("2026-04-01")},
	{"教育委員会事務局/社会教育課/文化財係", -1, hasMoved("2026-04-01")},
	{"総務部/総務課/法制係", 2, hasMoved("2026-10-01")},
	{"市民生活部/環境課/生活環境係", 1, hasMoved("2026-10-01")},
	{"健康福祉部/高齢者支援課/高齢福祉係", 2, hasMoved("2026-11-01")},
	// Sent by an agency.
	{"市民生活部/税務課/市民税係", 6, isDispatched},
	{"市民生活部/税務課/資産税係", 6, isDispatched},
	{"総務部/情報政策課/情報システム係", 4, isDispatched},
	{"健康福祉部/福祉課/生活支援係", 5, isDispatched},
}

func tellStories(all []person) {
	for _, s := range stories {
		s.tell(find(all, s.department, s.index))
	}
}

// find returns the index-th of the staff of a 係; -1 is the 係長, and the only
// index of a 部 or 課 is its head's.
func find(all []person, department string, index int) *person {
	for i := range all {
		if all[i].department == department {
			if i+index+1 < len(all) && all[i+index+1].department == department {
				return &all[i+index+1]
			}
			break
		}
	}
	panic(fmt.Sprintf("the sample city has no person %d in %s", index, department))
}

// workers returns the contractors' people, in the departments that their
// contracts belong to.
func workers() []person {
	var all []person
	for _, s := range suppliers {
		for _, c := range contracts {
			if c.supplier != s.id {
				continue
			}
			for range c.workers {
				n := len(all)
				p := person{
					number: fmt.Sprintf("W%04d", n+1), name: workerNames[n].name, kana: workerNames[n].kana,
					employment: contracted, department: c.department, joined: c.from, left: c.until,
				}
				if s.mailDomain != "" {
					p.mail = fmt.Sprintf("w%04d@%s", n+1, s.mailDomain)
				}
				all = append(all, p)
			}
		}
	}
	return all
}
