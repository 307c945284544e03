package portal

import (
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
// the engine, which the test that boots first gives back at its end.
func StoreIn(t testing.TB, folder string) string {
	t.Helper()
	if os.Getenv(engine.AddressVariable) == "" {
		return "sqlite:" + filepath.Join(folder, "kokoroe.db")
	}
	databasesMu.Lock()
	defer databasesMu.Unlock()
	if databases[folder] == "" {
		databases[folder] = engine.Borrowed(t)
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
