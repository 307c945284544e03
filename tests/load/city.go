package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// city is an invented city hall of any size.
type city struct {
	rows []row
	head string // number of a head of department
	hr   string // number of who may see the whole city
}

type row struct{ number, name, kana, department, post string }

// The beginnings of the file are those of the sample city's.
const rosterHeader = "\ufeff職員番号,氏名,カナ,メール,区分,所属,役職,採用日,退職日,休職開始,休職終了,異動日,対象外\n"

var surnames = [][2]string{
	{"青田", "アオタ"}, {"石見", "イワミ"}, {"梅原", "ウメハラ"}, {"江並", "エナミ"}, {"岡部", "オカベ"}, {"柿沼", "カキヌマ"},
	{"北浦", "キタウラ"}, {"熊代", "クマシロ"}, {"小泉", "コイズミ"}, {"坂巻", "サカマキ"}, {"塩谷", "シオヤ"}, {"杉浦", "スギウラ"},
	{"関根", "セキネ"}, {"曽我", "ソガ"}, {"高梨", "タカナシ"}, {"千野", "チノ"}, {"塚越", "ツカコシ"}, {"寺島", "テラシマ"},
	{"戸田", "トダ"}, {"中里", "ナカザト"}, {"西尾", "ニシオ"}, {"沼田", "ヌマタ"}, {"根岸", "ネギシ"}, {"野口", "ノグチ"},
	{"橋爪", "ハシヅメ"}, {"平賀", "ヒラガ"}, {"福島", "フクシマ"}, {"辺見", "ヘンミ"}, {"堀江", "ホリエ"}, {"牧野", "マキノ"},
}

var givenNames = [][2]string{
	{"葵", "アオイ"}, {"一郎", "イチロウ"}, {"海", "ウミ"}, {"恵美", "エミ"}, {"織江", "オリエ"}, {"薫", "カオル"}, {"喜一", "キイチ"},
	{"圭", "ケイ"}, {"光", "ヒカル"}, {"桜", "サクラ"}, {"静", "シズカ"}, {"進", "ススム"}, {"節子", "セツコ"}, {"空", "ソラ"},
	{"孝", "タカシ"}, {"千春", "チハル"}, {"司", "ツカサ"}, {"徹", "トオル"}, {"直美", "ナオミ"}, {"望", "ノゾミ"}, {"春樹", "ハルキ"},
}

// divisionsOf is how many 課 a 部 has.
const divisionsOf = 4

// newCity returns a city of so many employees in so many departments: 部 with
// their 課, people spread over them evenly, a head for each.
func newCity(people, departments int) *city {
	var paths []string
	for bu := 1; len(paths) < departments; bu++ {
		name := fmt.Sprintf("第%d部（負荷）", bu)
		paths = append(paths, name)
		for ka := 1; ka <= divisionsOf && len(paths) < departments; ka++ {
			paths = append(paths, fmt.Sprintf("%s/第%d課", name, ka))
		}
	}
	c := &city{}
	for i := range people {
		surname, given := surnames[i%len(surnames)], givenNames[i/len(surnames)%len(givenNames)]
		r := row{
			number: fmt.Sprintf("%06d", 100001+i), name: surname[0] + "　" + given[0], kana: surname[1] + "　" + given[1],
			department: paths[i%len(paths)], post: "主任",
		}
		if i < len(paths) {
			r.post = "課長"
			if !strings.Contains(r.department, "/") {
				r.post = "部長"
			} else if c.head == "" {
				c.head = r.number
			}
		}
		c.rows = append(c.rows, r)
	}
	if c.head == "" {
		c.head = c.rows[0].number
	}
	c.hr = c.rows[people-1].number
	return c
}

// walkers are the numbers of those who make a journey.
func (c *city) walkers() []string {
	var numbers []string
	for _, r := range c.rows {
		if r.number != c.head && r.number != c.hr {
			numbers = append(numbers, r.number)
		}
	}
	return numbers
}

// write writes the city's files to a folder, which it makes.
func (c *city) write(folder string) error {
	var roster bytes.Buffer
	roster.WriteString(rosterHeader)
	for _, r := range c.rows {
		fmt.Fprintf(&roster, "%s,%s,%s,s%s@city.load.example,正職員,%s,%s,2010-04-01,,,,,\n", r.number, r.name, r.kana, r.number, r.department, r.post)
	}
	files := map[string]string{
		"roster.csv":     roster.String(),
		"suppliers.yaml": "suppliers: []\ncontracts: []\n",
		"accounts.yaml":  "accounts: []\n",
		"roles.yaml":     fmt.Sprintf("roles:\n  hr: [%q]\n", c.hr),
		"sign-ins.yaml": fmt.Sprintf("people:\n  - {number: %q, as: employee, provider: city}\n  - {number: %q, as: head, provider: city}\n  - {number: %q, as: hr, provider: city}\n",
			c.walkers()[0], c.head, c.hr),
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}
