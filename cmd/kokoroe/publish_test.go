package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kokoroe/app"
	"kokoroe/content"
)

// ownContent is a folder with what ships, for an operator to change.
func ownContent(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, content.FS); err != nil {
		t.Fatal(err)
	}
	return folder
}

// edit replaces words in a file.
func edit(t *testing.T, file, old, by string) {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(src), old) {
		t.Fatalf("%s does not hold %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(src), old, by, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPublish(t *testing.T) {
	data, own := city(t), ownContent(t)
	registers := filepath.Join(own, "sample")
	wantExit(t, exitUsage, "name what to publish", "publish", "--data", data)
	wantExit(t, exitUsage, "name what to publish", "publish", "--data", data, "--shipped", "--content", own)

	wantExit(t, 0, "Nothing was published", "publish", "--data", data, "--content", own, "--registers", registers, "--dry-run")
	stdout := wantExit(t, 0, "Edition 1 is in force", "publish", "--data", data, "--content", own, "--registers", registers)
	for _, says := range []string{"added    content/policies/basic-policy/1.ja.md\n", "added    registers/roles.yaml\n", "new text basic-policy, version 1, en\n"} {
		if !strings.Contains(stdout, says) {
			t.Errorf("want %q:\n%s", says, stdout)
		}
	}
	if strings.Contains(stdout, "roster.csv") || strings.Contains(stdout, "sign-ins.yaml") {
		t.Errorf("people are published:\n%s", stdout)
	}
	wantExit(t, 0, "Nothing changes: edition 1 is in force.", "publish", "--data", data, "--content", own)
	wantExit(t, 0, "Nothing changes: edition 1 is in force.", "publish", "--data", data, "--shipped")

	edit(t, filepath.Join(registers, "roles.yaml"), `"000126", `, "")
	if err := os.Remove(filepath.Join(registers, "accounts.yaml")); err != nil {
		t.Fatal(err)
	}
	stdout = wantExit(t, 0, "Edition 2 is in force", "publish", "--data", data, "--registers", registers)
	if want := "removed  registers/accounts.yaml\nchanged  registers/roles.yaml\n"; !strings.HasPrefix(stdout, want) {
		t.Errorf("want %s:\n%s", want, stdout)
	}

	// Nothing of a folder with mistakes takes force, nor of a text that people signed.
	policy := filepath.Join(own, "policies", "basic-policy", "1.ja.md")
	edit(t, policy, "{#1}", "{#1}\n\nもう一文。")
	wantExit(t, exitFailed, "basic-policy, version 1, ja: this text was published and must not change", "publish", "--data", data, "--content", own, "--dry-run")
	wantExit(t, exitFailed, "basic-policy, version 1, ja: this text was published and must not change", "publish", "--data", data, "--content", own)
	edit(t, policy, "version: 1", "versions: 1")
	wantExit(t, exitRefused, "policies/basic-policy/1.ja.md:", "publish", "--data", data, "--content", own)
	wantExit(t, 0, "Nothing changes: edition 2 is in force.", "publish", "--data", data, "--registers", registers)

	with(t, data, func(in *app.Installation) {
		for n, key := range []string{"content.published/1", "content.published/2"} {
			e, err := in.Store.EntryByKey(t.Context(), key)
			if err != nil || e.Kind != app.KindPublished || e.Actor != "operator" || e.Seq != int64(n) {
				t.Errorf("%s: %+v, %v", key, e, err)
			}
		}
		if size, err := in.Store.LogSize(t.Context()); err != nil || size != 2 {
			t.Errorf("%d records, %v", size, err)
		}
	})
}

// TestRetentionFollowsWhatIsInForce: the command erases by the same rules as the
// portal does at night.
func TestRetentionFollowsWhatIsInForce(t *testing.T) {
	data, own := city(t), ownContent(t)
	rules, err := fs.ReadFile(content.FS, "retention.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(own, "retention.yaml")
	if err := os.WriteFile(file, []byte("- {kind: course.passed/v1, years: 77, since: record}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(rules), "77") {
		t.Fatal("what ships has the rule too")
	}
	wantExit(t, 0, "Edition 1 is in force", "publish", "--data", data, "--content", own)
	wantExit(t, 0, "kept for 77 years", "retention", "--data", data, "--dry-run")
}
