package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"kokoroe/tests/portal"
)

func saysIn(text, part string) bool {
	return strings.Contains(strings.Join(strings.Fields(text), " "), part)
}

func TestContractsOfOwnDepartmentOnly(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("head") // 市民生活部/税務課
	page := b.Get("/contracts").Want(t, 200, "市税システム標準化移行支援業務", "K-2026-02")
	if n := page.Find(".card").Length(); n != 1 {
		t.Errorf("the head sees %d contracts, want the one", n)
	}
	b.Get("/contracts/K-2026-02").Want(t, 200, "Lê Văn Mẫu")
	var workers []string
	for _, c := range p.App.Registers.Contracts().Contracts {
		for _, w := range c.Workers {
			workers = append(workers, w.Number, string(p.Person(w.Number).ID))
		}
	}
	for _, path := range []string{"/contracts/K-2026-01", "/contracts/K-2026-04", "/contracts/none"} {
		b.Get(path).Want(t, 404).Lacks(t, workers...)
	}
	for _, role := range []string{"hr", "security-office", "auditor"} {
		all := p.As(role)
		if n := all.Get("/contracts").Want(t, 200).Find(".card").Length(); n != len(p.App.Registers.Contracts().Contracts) {
			t.Errorf("%s sees %d contracts", role, n)
		}
		page := all.Get("/contracts/K-2026-03").Want(t, 200, "見本システム株式会社", "例示データサービス合同会社", "委託業務における情報セキュリティ遵守事項", "令和8年6月1日")
		if chain := words(page.Find(".chain")); strings.Index(chain, "見本システム") > strings.Index(chain, "例示データ") {
			t.Errorf("the chain is %q", chain)
		}
		if opens := page.Find(`a[href^="/people/"]`).Length() > 0; opens != (role != "auditor") {
			t.Errorf("%s is led to people: %v", role, opens)
		}
	}
}

func TestContractTellsWhoseSignatureIsMissing(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("security-office")
	page := b.Get("/contracts/K-2026-04").Want(t, 200, "0 / 5人", "業務を始める前に必要なこと", "誓約の期限を過ぎています")
	if n := page.Find(`section[aria-labelledby="lacking"] li`).Length(); n != 5 {
		t.Errorf("%d are missing, want 5", n)
	}
	finishPolicy(t, p, "W0014", "contractor-obligations")
	page = b.Get("/contracts/K-2026-04").Want(t, 200, "1 / 5人", "期限後に完了")
	page.Find(`section[aria-labelledby="lacking"] li`).Each(func(_ int, s *goquery.Selection) {
		if strings.Contains(s.Text(), p.Person("W0014").Name) {
			t.Error("who has signed is still missing")
		}
	})
	for _, number := range []string{"W0013", "W0015", "W0016", "W0017"} {
		finishPolicy(t, p, number, "contractor-obligations")
	}
	if page = b.Get("/contracts/K-2026-04").Want(t, 200, "5 / 5人"); page.Find(`section[aria-labelledby="lacking"]`).Length() != 0 {
		t.Error("all have signed and something is missing")
	}
	b.Get("/contracts").Want(t, 200, "不足なし")

	// One that begins in nine days: its workers may sign, and what is missing
	// is seen before the work starts.
	b.Get("/contracts/K-2026-02").Want(t, 200, "開始前", "0 / 2人", "誓約がまだです")
	// Three weeks before: nobody can sign yet, and nobody is counted.
	p.Clock.Set(time.Date(2026, time.November, 10, 1, 0, 0, 0, time.UTC))
	page = p.As("security-office").Get("/contracts/K-2026-02").Want(t, 200, "開始前", "従事の開始（令和8年12月1日(火)）が近づくと誓約できます")
	if strings.Contains(page.Text(".tally"), "0 / ") {
		t.Errorf("before it begins: %s", page.Text(".tally"))
	}
	p.Clock.Set(time.Date(2026, time.December, 1, 1, 0, 0, 0, time.UTC))
	p.As("security-office").Get("/contracts/K-2026-02").Want(t, 200, "契約中", "0 / 2人", "誓約がまだです", "令和8年12月8日")
	p.Clock.Set(time.Date(2027, time.April, 2, 1, 0, 0, 0, time.UTC))
	page = p.As("security-office").Get("/contracts/K-2026-02").Want(t, 200, "終了", "従事を終えています")
	if page.Find(`section[aria-labelledby="lacking"]`).Length() != 0 {
		t.Error("a contract that has ended lacks something")
	}
}
