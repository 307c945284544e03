package tests

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var skips = regexp.MustCompile(`\b(t|b|f|tb)\.Skip(f|Now)?\(|testing\.Short\(`)

// TestNothingIsSkippedElsewhere holds skips to one place, which fails instead
// where KOKOROE_TEST_REQUIRE says so.
func TestNothingIsSkippedElsewhere(t *testing.T) {
	t.Parallel()
	found := map[string]int{}
	for _, top := range []string{"app", "cmd", "content", "locales", "static", "tests"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return fs.SkipDir
			case !strings.HasSuffix(path, ".go"):
				return nil
			}
			src, err := os.ReadFile(path)
			if n := len(skips.FindAll(src, -1)); n > 0 {
				found[filepath.ToSlash(path)] = n
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := "../tests/mongodb/engine/database.go"; len(found) != 1 || found[want] != 1 {
		t.Errorf("tests are skipped in %v, want one place in %s", found, want)
	}
}
