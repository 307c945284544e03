package tests

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
	"kokoroe/tests/portal"
)

func TestHealthOfTheEvidence(t *testing.T) {
	t.Parallel()
	p, _ := signedUp(t)
	office := p.As("security-office")
	page := office.Get("/evidence").Want(t, 200, "記録を受け付けています", "夜間の検証は、まだ1度も実行されていません", "記録の件数 2件", "署名を待っている記録 0件", "0秒前",
		"まだ実行していません", "立会人は設定されていません")
	if page.Find(".notice-success").Length() != 0 {
		t.Error("what was never verified is said to be well")
	}
	p.App.Jobs.RunDue(t.Context()) // new: begins with the next night
	office.Get("/evidence").Want(t, 200, "まだ実行していません")

	run, _ := verifiedAtNight(t, p)
	office = p.As("security-office") // a day has passed
	page = office.Get("/evidence").Want(t, 200, "最後の検証で不一致は見つかっていません", "検証した件数 2件", "見つかった不一致 0", "問題なし", "24時間前", "誓約 0件を消去")
	if page.Find(".notice-success").Length() != 1 || run.Report == "" {
		t.Error("there is no green banner")
	}
	p.Clock.Advance(48 * time.Hour)
	p.As("security-office").Get("/evidence").Want(t, 200, "夜間の検証ができていません", "予定どおり実行されていません")

	tamper(t, p, dayEarlier(1))
	verifiedAtNight(t, p)
	office = p.As("security-office")
	page = office.Get("/evidence").Want(t, 200, "最後の検証で不一致が見つかりました", "してはいけないこと", "kokoroe verify", "確認が必要")
	row := strings.Join(strings.Fields(page.Find("table tbody tr").First().Text()), " ")
	if !strings.HasPrefix(row, "記録1at") || page.Find(".notice-error[role=alert]").Length() != 1 {
		t.Errorf("the finding is %q", row)
	}
	assertClean(t, page)
	office.Language = "en"
	office.Get("/evidence").Want(t, 200, "The last verification found disagreements", "Record")
	p.As("auditor").Get("/evidence").Want(t, 200, "最後の検証で不一致が見つかりました")
}

// A log that has stopped says why, and what to do.
func TestHealthOfALogThatWentBack(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := portal.New(t, portal.WithFolder(folder))
	b := p.As("employee")
	sealed(t, b, sign(t, b))
	p.Stop()
	tamper(t, p, logGone)
	p = portal.New(t, portal.WithFolder(folder))
	page := p.As("security-office").Get("/evidence").Want(t, 200, "新しい記録を止めています", "署名済みの記録より古く", "begin-anew", "してはいけないこと", "まだありません")
	if page.Find(".notice-error[role=alert]").Length() != 1 {
		t.Error("there is no red banner")
	}
}

func TestUnsignedRecordsAreSeen(t *testing.T) {
	t.Parallel()
	p, _ := signedUp(t)
	tamper(t, p, checkpointsGone(2))
	p.As("security-office").Get("/evidence").Want(t, 200, "署名を待っている記録 1件", "記録を受け付けています")
	p.Clock.Advance(2 * time.Minute)
	p.As("security-office").Get("/evidence").Want(t, 200, "署名が遅れています", "すること")
}

// A witness is shown with how far it has come, and one that does not answer as
// what it is.
func TestHealthShowsWitnesses(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	office := auditOffice(t, folder)
	away := office
	away.Title, away.Asks = "監査法人", nil // files, which nobody has carried
	vkey, err := witness.NewKeyFile(filepath.Join(t.TempDir(), "key"), "firm.example/witness")
	noFault(t, err)
	away.Key, err = evidence.NewCosignatureVerifier(vkey)
	noFault(t, err)
	p := portal.New(t, portal.WithFolder(folder), portal.WithWitnesses(office, away))
	sign(t, p.As("employee"))
	cosigned(t, p, 1)
	page := p.As("security-office").Get("/evidence").Want(t, 200, "監査委員事務局副署しています1令和8年11月22日", "監査法人まだ副署がありません0", "ファイルを運ぶ")
	assertClean(t, page)

	last := checkpointOf(t, p, 1)
	late := evidence.Checkpoint{Size: last.Size + 1, Root: last.Root, Note: last.Note, At: last.At}
	noFault(t, p.App.Store.SaveCheckpoint(t.Context(), late))
	p.Clock.Advance(2 * time.Hour)
	p.As("security-office").Get("/evidence").Want(t, 200, "からの分に、まだ副署がありません")
}
