package app_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"kokoroe/app"
	"kokoroe/app/evidence"
	"kokoroe/app/policy"
	"kokoroe/app/store"
)

// somewhere is the configuration of an installation with three records and three
// texts, and a path for another database.
func somewhere(t *testing.T) (cfg app.Config, to string) {
	t.Helper()
	folder := t.TempDir()
	if _, err := evidence.NewKeyRing(folder, "city.example/kokoroe/1"); err != nil {
		t.Fatal(err)
	}
	cfg = app.Config{Store: "sqlite:" + filepath.Join(folder, "kokoroe.db"), State: folder, Version: "test", Logger: slog.New(slog.DiscardHandler)}
	in, err := app.OpenInstallation(t.Context(), cfg)
	check(t, err)
	check(t, in.OpenLog(t.Context()))
	for _, key := range []string{"a", "b", "c"} {
		_, err := in.Log.Append(t.Context(), evidence.Statement{Kind: "test.done/v1", Key: key, Actor: evidence.Actor{ID: "p"}})
		check(t, err)
		check(t, in.Store.KeepText(t.Context(), key, []byte(key)))
	}
	check(t, in.Close())
	return cfg, "sqlite:" + filepath.Join(t.TempDir(), "new.db")
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestMoveSeesWhatIsWrittenMeanwhile has somebody write into one of the stores
// while texts are on their way: publications were carried by then.
func TestMoveSeesWhatIsWrittenMeanwhile(t *testing.T) {
	for name, tc := range map[string]struct {
		into func(from, to string) string
		sort string
		said bool
	}{
		"nobody writes": {nil, "text", true},
		"into the old":  {func(from, _ string) string { return from }, "publication", false},
		"into the new":  {func(_, to string) string { return to }, "publication", false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, to := somewhere(t)
			texts := 0
			m, err := app.Move(t.Context(), cfg, to, func(sort string, n int) {
				if sort != "text" || tc.into == nil {
					return
				}
				if texts += n; texts > 1 {
					return
				}
				other, err := app.OpenStore(t.Context(), tc.into(cfg.Store, to), cfg.Logger)
				check(t, err)
				check(t, other.Publish(t.Context(), policy.Publication{Policy: "p", Version: 1, Language: "ja", Digest: "d", Text: []byte("x")}))
				check(t, other.Close())
			})
			check(t, err)
			if m.Same() != tc.said {
				t.Errorf("said to be the same: %v", m.Same())
			}
			for _, s := range m.Sorts {
				if s.Same() != (tc.said || s.From.Sort != tc.sort) {
					t.Errorf("%s: the same: %v", s.From.Sort, s.Same())
				}
			}
		})
	}
}

// TestMovedIsTheSameOnlyWhenAllIs changes one thing of an otherwise equal result
// at a time.
func TestMovedIsTheSameOnlyWhenAllIs(t *testing.T) {
	fresh := func() app.Moved {
		x := evidence.Examination{Size: 9, Records: 8, Erased: 1, Checkpoints: 2, Cosignatures: 1, Signed: 9, Root: []byte{1, 2}}
		d := store.Digest{Sort: "place", N: 3, Sum: [32]byte{7}}
		return app.Moved{From: x, To: x, Sorts: []app.MovedSort{{From: d, To: d}, {From: d, To: d}}}
	}
	if !fresh().Same() {
		t.Error("what is the same is said not to be")
	}
	for name, change := range map[string]func(*app.Moved){
		"nothing was compared": func(m *app.Moved) { m.Sorts = nil },
		"a digest":             func(m *app.Moved) { m.Sorts[1].To.Sum[31] = 1 },
		"a count":              func(m *app.Moved) { m.Sorts[0].To.N-- },
		"size":                 func(m *app.Moved) { m.To.Size++ },
		"records":              func(m *app.Moved) { m.To.Records-- },
		"erased":               func(m *app.Moved) { m.To.Erased++ },
		"checkpoints":          func(m *app.Moved) { m.To.Checkpoints-- },
		"cosignatures":         func(m *app.Moved) { m.To.Cosignatures-- },
		"signed":               func(m *app.Moved) { m.To.Signed-- },
		"root":                 func(m *app.Moved) { m.To.Root = []byte{1, 3} },
		"found here":           func(m *app.Moved) { m.From.Found++ },
		"found there":          func(m *app.Moved) { m.To.Found++ },
	} {
		m := fresh()
		if change(&m); m.Same() {
			t.Errorf("%s differs, and it is said to be the same", name)
		}
	}
}
