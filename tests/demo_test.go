package tests

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kokoroe/app/calendar"
	"kokoroe/app/evidence"
	"kokoroe/tests/portal"
)

// TestTheDemonstrationDoesNotRunOut walks through it in later years: the contracts
// of the sample city go on, and who works on one signs; an auditor finds that.
func TestTheDemonstrationDoesNotRunOut(t *testing.T) {
	for _, c := range []struct{ real, there, words string }{
		{"2026-12-18", "2026-12-18", "令和8年12月18日"},
		{"2027-06-01", "2026-06-01", "令和8年6月1日"},
		{"2031-01-15", "2027-01-15", "令和9年1月15日"},
		{"2032-02-29", "2027-02-28", "令和9年2月28日"},
		{"2027-04-01", "2026-04-01", "令和8年4月1日"},
	} {
		t.Run(c.real, func(t *testing.T) {
			t.Parallel()
			starts, began := calendar.MustDate(c.real).StartsAt().Add(10*time.Hour), time.Now()
			p := portal.New(t, portal.WithHistory(), portal.WithRealClock(func() time.Time { return starts.Add(time.Since(began)) }))

			_, day, _ := strings.Cut(c.words, "年")
			later, err := p.App.Store.FindEntries(t.Context(), evidence.Query{From: p.Demo.Now()})
			if err != nil || len(later) > 0 {
				t.Errorf("the history goes on to what is yet to come: %v (%v)", later, err)
			}

			worker := p.As("contractor")
			worker.Get("/tasks").Want(t, 200, "委託業務における情報セキュリティ遵守事項")
			worker.Get(obligations).Want(t, 200, "多言語窓口案内業務")
			receipt := worker.Submit(obligationsForm, nil).Want(t, 200, c.words).URL.Path
			file := sealed(t, worker, receipt)
			worker.Get("/record").Want(t, 200, "誓約", c.words)
			worker.Get("/tasks").Want(t, 200)

			office := p.As("security-office")
			office.Get("/contracts/K-2026-04").Want(t, 200, "契約中")

			auditor := p.As("auditor")
			auditor.Get("/audit").Want(t, 200, "証跡の検索")
			record := "/audit/records/" + strings.TrimPrefix(receipt, "/receipts/")
			found := auditor.Get(search("item", "policy:contractor-obligations", "from", c.there, "until", c.there)).Want(t, 200)
			if found.Find(`a[href="`+record+`"]`).Length() == 0 {
				t.Errorf("the signature is not found on %s", c.there)
			}
			auditor.Get(record).Want(t, 200, "検証に合格しました", day)
			if again := auditor.Get(record+"/file").Want(t, 200); !sameRecord(t, file, again.Body) {
				t.Error("the auditor's receipt is not the person's")
			}
			auditor.Get(sampleOf("n", "1")).Want(t, 200, "抽出した1件に、不一致はありません")
			auditor.Get("/audit/population").Want(t, 200, "どの表の合計も、署名された件数と一致します")
			auditor.Get("/audit/checkpoints").Want(t, 200, "最新")
			auditor.Get("/evidence").Want(t, 200, "記録を受け付けています")
		})
	}
}

// TestTheDemonstrationsClockDoesNotGoBack starts it again, on the store that it
// left, when its clock would be earlier.
func TestTheDemonstrationsClockDoesNotGoBack(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	on := func(day string) portal.Option {
		starts, began := calendar.MustDate(day).StartsAt().Add(10*time.Hour), time.Now()
		return portal.WithRealClock(func() time.Time { return starts.Add(time.Since(began)) })
	}
	p := portal.New(t, portal.WithFolder(folder), on("2026-11-27"))
	sealed(t, p.As("employee"), sign(t, p.As("employee")))
	before, err := p.App.Store.Entry(t.Context(), 0)
	noFault(t, err)
	p.Stop()
	p = portal.New(t, portal.WithFolder(folder), on("2027-05-10"))
	sign(t, p.As("head"))
	after, err := p.App.Store.Entry(t.Context(), 1)
	if noFault(t, err); after.At.Before(before.At) || calendar.DateOf(after.At) != calendar.MustDate("2026-11-27") {
		t.Errorf("recorded at %s, after %s", after.At, before.At)
	}
}
