package directory

import (
	"cmp"
	"slices"
	"strings"
)

// plainName is a name as names are looked for: lower-case, without spaces.
func plainName(name string) string {
	return strings.Join(strings.Fields(strings.ToLower(name)), "")
}

// indexLetters notes whose name or reading has which letter. It is made at the
// first search.
func (r *Roster) indexLetters() map[rune][]int32 {
	index := map[rune][]int32{}
	for i := range r.people {
		p := &r.people[i]
		for _, name := range []string{plainName(p.Name), plainName(p.Kana)} {
			for _, letter := range name {
				if has := index[letter]; len(has) == 0 || has[len(has)-1] != int32(i) {
					index[letter] = append(has, int32(i))
				}
			}
		}
	}
	return index
}

// PeopleCalled returns who has the 職員番号, in capitals or not, else whose name or
// reading contains what was typed, spaces aside, by Number, at most most of them;
// nobody for nothing. It looks at those alone who have every letter of it.
func (r *Roster) PeopleCalled(typed string, most int) []Person {
	number := strings.TrimSpace(typed)
	for _, spelled := range []string{number, strings.ToUpper(number), strings.ToLower(number)} {
		if p, ok := r.PersonByNumber(spelled); ok {
			return []Person{p}
		}
	}
	wanted := plainName(typed)
	if wanted == "" {
		return nil
	}
	var having [][]int32
	for _, letter := range wanted {
		having = append(having, r.letters()[letter])
	}
	slices.SortFunc(having, func(a, b []int32) int { return cmp.Compare(len(a), len(b)) })
	var found []Person
	for _, i := range having[0] {
		if len(found) == most {
			break
		}
		everyLetter := !slices.ContainsFunc(having[1:], func(has []int32) bool {
			_, ok := slices.BinarySearch(has, i)
			return !ok
		})
		if p := &r.people[i]; everyLetter && (strings.Contains(plainName(p.Name), wanted) || strings.Contains(plainName(p.Kana), wanted)) {
			found = append(found, *p)
		}
	}
	return found
}
