package tests

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"kokoroe/app"
	"kokoroe/app/evidence"
	"kokoroe/app/evidence/witness"
	"kokoroe/tests/portal"
)

// auditOffice is a witness of the demonstration's log, whose key is made
// beforehand in the folder that portals then boot on.
func auditOffice(t *testing.T, folder string) evidence.Witness {
	t.Helper()
	noFault(t, os.MkdirAll(folder, 0o700))
	keys, err := evidence.NewKeyRing(folder, "demo.example/kokoroe/1")
	noFault(t, err)
	place := t.TempDir()
	vkey, err := witness.NewKeyFile(filepath.Join(place, "key"), "audit.example/witness")
	noFault(t, err)
	key, err := evidence.NewCosignatureVerifier(vkey)
	noFault(t, err)
	state := filepath.Join(place, "state")
	noFault(t, witness.NewState(state))
	logs, err := witness.ParseLogs([]byte(keys.Public))
	noFault(t, err)
	own, err := witness.ReadKeyFile(filepath.Join(place, "key"))
	noFault(t, err)
	w, err := witness.Open(witness.Config{Secret: own, State: state, Logs: logs, Now: portal.NewClock(portal.Start).Now})
	noFault(t, err)
	t.Cleanup(func() { noFault(t, w.Close()) })
	server := httptest.NewServer(w.Handler(slog.New(slog.NewTextHandler(io.Discard, nil))))
	t.Cleanup(server.Close)
	client, err := witness.NewClient(server.URL)
	noFault(t, err)
	t.Cleanup(client.Close)
	return evidence.Witness{Title: "監査委員事務局", Key: key, Asks: client}
}

func noFault(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cosigned waits until somebody has cosigned a checkpoint of size or more.
func cosigned(t *testing.T, p *portal.Portal, size int64) {
	t.Helper()
	for range 1200 {
		if _, _, err := p.App.Store.Cosigned(t.Context(), size, 1); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("nobody cosigned")
}

// TestWitnessedReceipt goes from the button to a receipt that says who has seen
// it, and to a restored backup that is refused.
func TestWitnessedReceipt(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	office := auditOffice(t, folder)
	p := portal.New(t, portal.WithFolder(folder), portal.WithWitnesses(office), portal.OnFile())
	b := p.As("employee")
	path := sign(t, b)
	cosigned(t, p, 1)

	b.Get(path).Want(t, 200, "1か所の独立した機関が立ち会っています", "監査委員事務局", "立会人が")
	b.Language = "en"
	b.Get(path).Want(t, 200, "Witnessed by 1 independent office", "監査委員事務局").Lacks(t, "[witness.")
	receipt, err := evidence.ParseReceipt(sealed(t, b, path))
	noFault(t, err)
	key, err := note.NewVerifier(p.App.Keys.Public)
	noFault(t, err)
	verified, err := receipt.Verify(note.VerifierList(key, office.Key))
	if err != nil || len(verified.Signers) != 2 {
		t.Errorf("signers %v, %v", verified.Signers, err)
	}
	auditor := p.As("auditor")
	record := auditor.Get("/audit/records/"+strings.TrimPrefix(path, "/receipts/")).
		Want(t, 200, "検証に合格しました", "立会人の副署", "監査委員事務局（令和8年（2026年）11月22日")
	if n := record.Find(".findings .status-success").Length(); n != 6 {
		t.Errorf("%d steps agree, want 6", n)
	}

	// A backup of now is restored after more was signed, and with it the file
	// beside the store.
	backup := filepath.Join(t.TempDir(), "backup.db")
	noFault(t, p.App.Store.(interface {
		Backup(context.Context, string) error
	}).Backup(t.Context(), backup))
	head, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	noFault(t, err)
	sign(t, p.As("head"))
	cosigned(t, p, 2)
	p.Stop()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(filepath.Join(folder, "kokoroe.db"+suffix))
	}
	noFault(t, os.Rename(backup, filepath.Join(folder, "kokoroe.db")))
	noFault(t, os.WriteFile(filepath.Join(folder, "checkpoint"), head, 0o600))
	p = portal.New(t, portal.WithFolder(folder), portal.WithWitnesses(office), portal.OnFile())
	p.As("employee").Get(path).Want(t, 200) // reading goes on
	contractor := p.As("account-owner")
	contractor.Get(basicPolicy).Want(t, 200)
	contractor.Submit(signForm, nil).Want(t, 503, "保管データが署名済みの記録より古くなっている")
	if n := logSize(t, p); n != 1 {
		t.Errorf("%d records, want the 1 of the backup", n)
	}
	p.Stop()

	// What is lost for good is left behind, although the witness alone knows of it.
	cfg := app.Config{Store: "sqlite:" + filepath.Join(folder, "kokoroe.db"), State: folder, Now: portal.NewClock(portal.Start).Now}
	if _, err := app.BeginAnew(t.Context(), cfg, "000174", "the disk broke"); err == nil {
		t.Error("without the witness nothing is wrong, and it begins anew all the same")
	}
	cfg.Witnesses = []evidence.Witness{office}
	if _, err := app.BeginAnew(t.Context(), cfg, "000174", "the disk broke"); err != nil {
		t.Fatal(err)
	}
	p = portal.New(t, portal.WithFolder(folder), portal.WithWitnesses(office), portal.OnFile())
	sign(t, p.As("account-owner"))
}

// A portal whose witness is away starts, and takes acknowledgements.
func TestWitnessAway(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	office := auditOffice(t, folder)
	client, err := witness.NewClient("http://127.0.0.1:1")
	noFault(t, err)
	office.Asks = client
	p := portal.New(t, portal.WithFolder(folder), portal.WithWitnesses(office))
	b := p.As("employee")
	path := sign(t, b)
	sealed(t, b, path)
	b.Get(path).Want(t, 200, "封がされており").Lacks(t, "独立した機関")
	if !strings.Contains(p.Logs.String(), "audit.example/witness") {
		t.Error("that the witness is away is not in the log")
	}
}
