package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kokoroe/tests/mongodb/engine"
)

var (
	databasesMu sync.Mutex
	databases   = map[string]string{} // folder → address
)

// StoreIn is the store that goes with a folder: the file in it, or a database of
// the engine, which is dropped at the end of the test that boots first.
func StoreIn(t testing.TB, folder string) string {
	t.Helper()
	if os.Getenv(engine.AddressVariable) == "" {
		return "sqlite:" + filepath.Join(folder, "kokoroe.db")
	}
	databasesMu.Lock()
	defer databasesMu.Unlock()
	if databases[folder] == "" {
		sum := sha256.Sum256([]byte(folder))
		databases[folder] = engine.Named(t, "t_"+hex.EncodeToString(sum[:12]))
	}
	return databases[folder]
}

// Database returns the name of the portal's MongoDB database and the address of
// the engine, both empty on SQLite.
func (p *Portal) Database() (name, uri string) {
	if !strings.HasPrefix(p.Store, "mongodb://") {
		return "", ""
	}
	hosts, _, _ := strings.Cut(p.Store, "?")
	return hosts[strings.LastIndex(hosts, "/")+1:], p.Store
}
