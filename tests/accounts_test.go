package tests

import (
	"net/url"
	"testing"
	"time"

	"kokoroe/tests/portal"
)

// lightOf is the word on an account's page.
func lightOf(page *portal.Page) string { return page.Text(`h2#light .status`) }

func TestAccountTurnsGreenWhenOwnerAndDeputyAreDone(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	office, owner := p.As("security-office"), p.As("account-owner")
	const account = "/accounts/koho-x"
	page := office.Get(account).Want(t, 200, "責任者の袴田", "副責任者の三ヶ日", "研修を終えていません", "利用規程に誓約していません", "令和8年6月30日", "投稿を控えて")
	if lightOf(page) != "要対応" {
		t.Errorf("the account is %q", lightOf(page))
	}
	finishCourse(t, p, "000108", "social-media-owner")
	finishPolicy(t, p, "000108", "social-media-rules")
	page = office.Get(account)
	if lightOf(page) != "要対応" {
		t.Errorf("with its deputy alone the account is %q", lightOf(page))
	}
	page.Lacks(t, "副責任者の三ヶ日")

	// The owner is led to the tasks.
	page = owner.Get(account).Want(t, 200, "あなたがすること")
	for _, href := range []string{"/courses/social-media-owner", "/policies/social-media-rules"} {
		if page.Find(`main a[href="`+href+`"]`).Length() == 0 {
			t.Errorf("the owner is not led to %s", href)
		}
		owner.Get(href).Want(t, 200)
	}
	finishCourse(t, p, "000107", "social-media-owner")
	if page = office.Get(account); lightOf(page) != "要対応" {
		t.Errorf("without the acknowledgement the account is %q", lightOf(page))
	}
	finishPolicy(t, p, "000107", "social-media-rules")
	if page = office.Get(account).Want(t, 200, "期限後に完了"); lightOf(page) != "適正" || page.Find(".gaps").Length() != 0 {
		t.Errorf("when both are done the account is %q", lightOf(page))
	}
	owner.Get(account).Want(t, 200).Lacks(t, "あなたがすること")
	office.Get("/accounts").Want(t, 200, "適正 1件")

	// A new fiscal year asks again.
	p.Clock.Set(time.Date(2027, time.April, 1, 1, 0, 0, 0, time.UTC))
	if page = p.As("security-office").Get(account); lightOf(page) != "要対応" {
		t.Errorf("in the new year the account is %q", lightOf(page))
	}
}

func TestExemptOwnerLeavesTheAccountRed(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	for _, number := range []string{"000107", "000108"} {
		finishPolicy(t, p, number, "social-media-rules")
	}
	finishCourse(t, p, "000108", "social-media-owner")
	b := p.As("hr")
	b.Get(personAt(p, "000107")).Want(t, 200)
	b.Submit(`form[action$="/exemptions"]`, url.Values{"item": {"account-owner course:social-media-owner"}, "reason": {"決裁 第7号"}}).Want(t, 200, "免除しました")
	if page := b.Get("/accounts/koho-x").Want(t, 200, "責任者の袴田", "研修を終えていません"); lightOf(page) != "要対応" {
		t.Errorf("an owner who was excused makes the account %q", lightOf(page))
	}
}

func TestRegisterTellsEachGap(t *testing.T) {
	t.Parallel()
	p := portal.New(t, portal.WithHistory())
	page := p.As("security-office").Get("/accounts").Want(t, 200)
	for account, gap := range map[string]string{
		"koho-instagram":  "副責任者がいません。",
		"kanko-instagram": "責任者の草薙 沙織さんは在籍していません。",
		"koho-x":          "責任者の袴田 博美さんが研修を終えていません。",
	} {
		card := page.Find(`.card:has(a[href="/accounts/` + account + `"])`)
		if text := words(card.Find(".gaps")); !saysIn(text, gap) || words(card.Find(".card-head .status")) != "要対応" {
			t.Errorf("%s: %s", account, text)
		}
	}
	green := page.Find(`.card:not(.card-red)`)
	if green.Length() == 0 || words(green.First().Find(".status")) != "適正" {
		t.Error("no account is in order")
	}
	auditor := p.As("auditor")
	auditor.Get("/accounts").Want(t, 200)
	if auditor.Get("/accounts/koho-x").Want(t, 200).Find(`a[href^="/people/"]`).Length() != 0 {
		t.Error("the auditor is led to pages that are closed")
	}
}

func TestCustodianSeesOwnAccountsOnly(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.As("account-owner")
	page := b.Get("/accounts").Want(t, 200, "受け持っている公式アカウント", "見本市 広報")
	if n := page.Find(".card").Length(); n != 1 {
		t.Errorf("%d accounts, want the one", n)
	}
	b.Get("/accounts/koho-x").Want(t, 200)
	b.Get("/accounts/bosai-x").Want(t, 404)
	b.Get("/accounts/none").Want(t, 404)
	p.As("security-office").Get("/accounts/none").Want(t, 404)
}

func TestOfficialAccountsNameNobody(t *testing.T) {
	t.Parallel()
	p := portal.New(t)
	b := p.Browser()
	for _, language := range []string{"ja", "en"} {
		b.Language = language
		page := b.Get("/official-accounts").Want(t, 200, "@mihon_bosai_sample", "YouTube")
		if n := page.Find("tbody tr").Length(); n != len(p.App.Registers.Accounts().Accounts) {
			t.Errorf("%d accounts", n)
		}
		for _, a := range p.App.Registers.Accounts().Accounts {
			for _, c := range a.Custodians {
				page.Lacks(t, p.Person(c.Number).Name, c.Number)
			}
		}
	}
	if b.Get("/").Find(`footer a[href="/official-accounts"]`).Length() != 1 {
		t.Error("the footer does not lead there")
	}
}
