package tests

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"go.mongodb.org/mongo-driver/v2/bson"

	"kokoroe/app"
	"kokoroe/app/evidence"
	"kokoroe/app/job"
	"kokoroe/tests/portal"
)

const (
	countNow   = "/audit/population?count=now"
	allAgree   = "どの表の合計も、署名された件数と一致します"
	noneFits   = "全件の集計が、署名された台帳と合いません"
	sameAsSeen = "夜間の検証に基づく件数とも、すべての行で一致します"
)

// lastSize is the size of the last checkpoint.
func lastSize(t *testing.T, p *portal.Portal) int64 {
	t.Helper()
	last, err := p.App.Store.LastCheckpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return last.Size
}

func populationUpTo(size int64) string { return fmt.Sprint("/audit/population?size=", size) }

// assertCounted holds that three tables of a page add up to so many records.
func assertCounted(t *testing.T, page *portal.Page, size int64) {
	t.Helper()
	tables := page.Find("main > .table-scroll table, main > table")
	if n := tables.Length(); n != 3 {
		t.Fatalf("%d tables on %s", n, page)
	}
	tables.Each(func(_ int, table *goquery.Selection) { assertAddsUp(t, table, size) })
}

// assertAddsUp adds the columns and the rows of a table up.
func assertAddsUp(t *testing.T, table *goquery.Selection, size int64) {
	t.Helper()
	var rows [][3]int64
	table.Find("tbody tr").Each(func(_ int, tr *goquery.Selection) {
		var row [3]int64
		tr.Find("td").Each(func(i int, td *goquery.Selection) {
			row[i], _ = strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(td.Text()), ",", ""), 10, 64)
		})
		if row[0]+row[1] != row[2] {
			t.Errorf("%s: %v", tr.Text(), row)
		}
		rows = append(rows, row)
	})
	var sum [3]int64
	for _, row := range rows {
		for i, n := range row {
			sum[i] += n
		}
	}
	var total [3]int64
	table.Find("tfoot td").Each(func(i int, td *goquery.Selection) {
		total[i], _ = strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(td.Text()), ",", ""), 10, 64)
	})
	if sum != total || total[2] != size {
		t.Errorf("%s: the rows are %v, the total %v, the checkpoint %d", table.Find("caption").Text(), sum, total, size)
	}
}

// Before the first night all is counted that is there.
func TestPopulationAddsUp(t *testing.T) {
	t.Parallel()
	p, b := signedUp(t)
	erase(t, p, 0, "誤り")
	last := lastSize(t, p)
	page := b.Get("/audit/population").Want(t, 200, allAgree, "うち消去済み1件", "夜間の検証の結果がまだないため")
	assertCounted(t, page, last)
	if rows := page.Find("table").First().Find("tbody tr").Length(); rows != 2 {
		t.Errorf("%d rows by kind", rows)
	}
	older := b.Get(populationUpTo(last)).Want(t, 200, "一致します")
	if older.Find("input[name=size]").AttrOr("value", "") == "" {
		t.Error("the checkpoint asked for is not kept")
	}
	for _, size := range []string{"x", "-1", "0", "99999999999"} {
		b.Get("/audit/population?size="+size).Want(t, 422, "その件数のチェックポイントはありません")
	}
	tamper(t, p, entryGone(1))
	b.Get("/audit/population").Want(t, 200, noneFits, "してはいけないこと")
}

func TestNothingToCount(t *testing.T) {
	t.Parallel()
	b := portal.New(t).As("auditor")
	b.Get("/audit/population").Want(t, 200, "チェックポイントはまだありません")
	b.Get(countNow).Want(t, 200, "チェックポイントはまだありません")
	b.Get("/audit").Want(t, 200, "記録はまだありません")
}

// What the night counted is shown with what came in since, and what was erased
// since is erased.
func TestPopulationGoesOnFromTheNight(t *testing.T) {
	t.Parallel()
	p, _ := signedUp(t)
	p.App.Jobs.RunDue(t.Context()) // new: begins with the next night
	dayOne := lastSize(t, p)
	erase(t, p, 0, "誤り")
	sign(t, p.As("hr"))
	checkpointOf(t, p, dayOne+2)
	_, x := verifiedAtNight(t, p)
	if x.Population == nil || x.Size <= dayOne {
		t.Fatalf("examined %+v", x)
	}
	b := p.As("auditor")
	examined := fmt.Sprint(x.Size, "件の台帳を記録から作り直し")
	assertCounted(t, b.Get("/audit/population").Want(t, 200, allAgree, "うち消去済み1件", examined, "加わった0件", "チェックポイントの照合 一致"), x.Size)

	erase(t, p, 1, "誤り") // of the night's
	sign(t, p.As("security-office"))
	erase(t, p, x.Size+1, "誤り") // of what came in since
	now := lastSize(t, p)
	page := b.Get("/audit/population").Want(t, 200, allAgree, "うち消去済み3件", examined, fmt.Sprintf("加わった%d件", now-x.Size))
	assertCounted(t, page, now)
	again := b.Click("保存されている全件を数え直して照合する").Want(t, 200, allAgree, sameAsSeen, "うち消去済み3件", "数え直した時刻").Lacks(t, noneFits)
	assertCounted(t, again, now)
	if page.Text("main > .table-scroll") != again.Text("main > .table-scroll") {
		t.Errorf("the page says\n%s\nand counted just now\n%s", page.Text("table"), again.Text("table"))
	}
	if again.Find(`a[href*="count=now"]`).Length() != 0 {
		t.Error("it offers what it has done")
	}

	// Before any night that counted there is nothing to go on from: it is offered.
	b.Get(populationUpTo(dayOne)).Want(t, 200, "まだ数えていません").Lacks(t, noneFits, allAgree)
	first := b.Click("保存されている全件を数え直して照合する").Want(t, 200, allAgree, "うち消去済み0件").Lacks(t, sameAsSeen, "検証の結果がまだないため")
	assertCounted(t, first, dayOne)

	// Another night is the one to go on from; the checkpoints between are the
	// former one's, and what was erased after them is not erased in them.
	_, y := verifiedAtNight(t, p)
	b = p.As("auditor")
	b.Get("/audit/population").Want(t, 200, allAgree, fmt.Sprint(y.Size, "件の台帳を記録から作り直し"), "うち消去済み3件")
	between := b.Get(populationUpTo(x.Size)).Want(t, 200, allAgree, examined, "うち消去済み1件")
	assertCounted(t, between, x.Size)
	assertCounted(t, b.Get(populationUpTo(x.Size)+"&count=now").Want(t, 200, allAgree, sameAsSeen, "うち消去済み1件"), x.Size)

	b.Language = "en"
	b.Get("/audit/population").Want(t, 200, "Every total is the number of records that was signed", "The log of "+strconv.FormatInt(y.Size, 10)+" records was built again")
}

// What somebody takes out of the store is missed: at once by who counts all, and
// by the page after the next night.
func TestPopulationMissesWhatSomebodyTookOut(t *testing.T) {
	t.Parallel()
	p, _ := signedUp(t, portal.WithHistory())
	verifiedAtNight(t, p)
	b := p.As("auditor")
	b.Get("/audit/population").Want(t, 200, allAgree)
	tamper(t, p, entryGone(6))
	page := b.Get(countNow).Want(t, 200, noneFits, "夜間の検証に基づく件数と違います", "してはいけないこと").Lacks(t, allAgree, sameAsSeen)
	differences := page.Find("section table tbody tr")
	if differences.Length() != 3 { // a kind, an item, a year
		t.Errorf("the differences are %s", page.Text("section table"))
	}
	differences.Each(func(_ int, tr *goquery.Selection) {
		var n [4]int
		tr.Find("td").Each(func(i int, td *goquery.Selection) { n[i], _ = strconv.Atoi(strings.TrimSpace(td.Text())) })
		if n[0]-n[2] != 1 || n[1] != n[3] {
			t.Errorf("%s: %v", tr.Text(), n)
		}
	})
	if run, _ := verifiedAtNight(t, p); run.Outcome != job.Finding {
		t.Errorf("the night was %q", run.Outcome)
	}
	p.As("auditor").Get("/audit/population").Want(t, 200, noneFits, "不一致が", "証明されたものではありません").Lacks(t, allAgree)
}

// A record that is gone without a word was not erased.
func TestPopulationMissesARecordThatIsGoneWithoutAWord(t *testing.T) {
	t.Parallel()
	p, _ := signedUp(t, portal.WithHistory())
	verifiedAtNight(t, p)
	tamper(t, p, entryWith(6, map[string]any{"record": nil, "salt": nil}))
	page := p.As("auditor").Get(countNow).Want(t, 200, noneFits, "夜間の検証に基づく件数と違います")
	if n := page.Find("section table tbody tr").Length(); n != 3 {
		t.Errorf("%d differences", n)
	}
}

// What the night found wrong is no proof, also where the sums are right.
func TestPopulationOfALogThatDoesNotFit(t *testing.T) {
	t.Parallel()
	p, _ := signedUp(t, portal.WithHistory())
	_, x := verifiedAtNight(t, p)
	erase(t, p, 4, "誤り")
	tamper(t, p, dayEarlier(7))
	verifiedAtNight(t, p)
	b := p.As("auditor")
	for _, path := range []string{"/audit/population", countNow, populationUpTo(x.Size)} {
		page := b.Get(path).Want(t, 200, noneFits, "最後の夜間の検証で、不一致が1件見つかっています", "してはいけないこと").Lacks(t, allAgree)
		if page.Find(`.notice-error[role=alert] a[href="/evidence"]`).Length() != 1 {
			t.Errorf("%s does not lead to what was found", path)
		}
	}
}

// A count is of the log that the checkpoint signs, or it is none.
func TestPopulationOfAnotherLog(t *testing.T) {
	t.Parallel()
	p, _ := signedUp(t, portal.WithHistory())
	verifiedAtNight(t, p)
	erase(t, p, 4, "誤り")
	b := p.As("auditor")
	b.Get("/audit/population").Want(t, 200, allAgree)
	tamper(t, p, anotherRootExamined)
	b.Get("/audit/population").Want(t, 200, noneFits, "作り直した台帳の根が、このチェックポイントにつながりません", "チェックポイントの照合 不一致").Lacks(t, allAgree)
}

// anotherRootExamined changes what the last night's report says of the tree.
func anotherRootExamined(t *testing.T, p *portal.Portal, db *database) {
	t.Helper()
	run, _, err := p.App.Jobs.Latest(t.Context(), app.JobVerify)
	if err != nil {
		t.Fatal(err)
	}
	var x evidence.Examination
	if err := json.Unmarshal([]byte(run.Report), &x); err != nil {
		t.Fatal(err)
	}
	x.Root[5] ^= 1
	report, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	if db.documents != nil {
		db.change(t, "job_run", bson.D{{Key: "job", Value: run.Job}, {Key: "due_at", Value: run.DueAt}}, bson.D{{Key: "$set", Value: bson.D{{Key: "report", Value: string(report)}}}})
		return
	}
	db.run(t, `UPDATE job_run SET report = ? WHERE job = ? AND due_at = ?`, string(report), run.Job, run.DueAt.UnixMilli())
}
