package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"kokoroe/app/store"
	"kokoroe/app/store/sqlite"
	"kokoroe/app/store/storetest"
)

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "kokoroe.db") }

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		appendUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) store.Store { return open(t, file(t)) })
}

func TestReopen(t *testing.T) {
	storetest.Reopen(t, func(t testing.TB, folder string) store.Store { return open(t, filepath.Join(folder, "kokoroe.db")) })
}
