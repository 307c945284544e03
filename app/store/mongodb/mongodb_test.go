package mongodb_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"go.uber.org/goleak"

	"kokoroe/app/store"
	"kokoroe/app/store/mongodb"
	"kokoroe/app/store/storetest"
	"kokoroe/tests/mongodb/engine"
)

func open(t testing.TB, uri string) *mongodb.Store {
	t.Helper()
	s, err := mongodb.Open(t.Context(), mongodb.Config{URI: uri})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	engine.Address(t)
	storetest.Run(t, func(t testing.TB) store.Store { return open(t, engine.Database(t)) })
}

// TestReopen keeps under the name of a folder in a database that is named so.
func TestReopen(t *testing.T) {
	engine.Address(t)
	made := map[string]string{}
	storetest.Reopen(t, func(t testing.TB, folder string) store.Store {
		sum := sha256.Sum256([]byte(folder))
		name := "t_" + hex.EncodeToString(sum[:12])
		if made[name] == "" {
			made[name] = engine.Named(t, name)
		}
		return open(t, made[name])
	})
}
