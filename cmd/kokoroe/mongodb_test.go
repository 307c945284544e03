package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/evidence"
	"kokoroe/tests/mongodb/answering"
	"kokoroe/tests/mongodb/engine"
)

const oneRoster = "職員番号,氏名,カナ,メール,区分,所属,役職,採用日,退職日\n1,見本太郎,ミホンタロウ,taro@mihon.example,正職員,総務部,主査,2020-04-01,\n"

// sayingOnly is a server that greets, and answers one command in its own way.
func sayingOnly(t *testing.T, to string, answer bson.D) string {
	return answering.Start(t, func(command string) bson.D {
		switch {
		case strings.HasPrefix(command, to):
			return answer
		case command == "buildInfo":
			return answering.Build(8, 0, 4)
		}
		return answering.Hello(25)
	})
}

// TestStoresThatDoNotOpen sees that each is one line and an exit code, and that
// no password is in it: 3 when what was given must be looked at, 1 when it may
// work later.
func TestStoresThatDoNotOpen(t *testing.T) {
	open := write(t, "store", "mongodb://portal:hunter2@127.0.0.1:1/kokoroe")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	refusing := sayingOnly(t, "sasl", answering.Error(18, "AuthenticationFailed"))
	old := sayingOnly(t, "buildInfo", answering.Build(6, 0, 1))
	unpermitted := sayingOnly(t, "listCollections", answering.Error(13, "Unauthorized"))
	const away = "mongodb://portal:hunter2@127.0.0.1:1/kokoroe?serverSelectionTimeoutMS=300"
	for name, tc := range map[string]struct {
		store string
		code  int
		says  string
	}{
		"no such kind":            {"mongo://portal:hunter2@127.0.0.1/kokoroe", exitRefused, "want sqlite:PATH"},
		"no database":             {"mongodb://portal:hunter2@127.0.0.1", exitRefused, "names no database"},
		"no host":                 {"mongodb:///kokoroe", exitRefused, "not the address"},
		"a wrong option":          {"mongodb://portal:hunter2@127.0.0.1:1/kokoroe?maxPoolSize=many", exitRefused, "not the address"},
		"a password as it is":     {"mongodb://portal:hunter2@:/@127.0.0.1:1/kokoroe", exitRefused, "percent-encoded"},
		"no such authority":       {"mongodb://portal:hunter2@127.0.0.1:1/kokoroe?tls=true&tlsCAFile=/none.pem", exitRefused, "none.pem"},
		"nobody answers":          {away, exitFailed, "does not answer"},
		"a wrong password":        {"mongodb://portal:hunter2@" + refusing + "/kokoroe", exitRefused, "refuses the user or the password"},
		"an old server":           {"mongodb://" + old + "/kokoroe", exitRefused, "6.0.1, and this program needs 7.0"},
		"no permission":           {"mongodb://" + unpermitted + "/kokoroe", exitRefused, "does not let this user"},
		"a file for everybody":    {"file:" + open, exitRefused, "may be read by others"},
		"no such file":            {"file:" + open + ".none", exitRefused, "no such file"},
		"a file with another one": {"file:" + write(t, "again", "file:/etc/passwd"), exitRefused, "want sqlite:PATH"},
		"a file, nobody answers":  {"file:" + write(t, "own", away+"\n"), exitFailed, "does not answer"},
		"no database file":        {"sqlite:" + write(t, "text", "not a database"), exitRefused, "not a database of this program"},
	} {
		t.Run(name, func(t *testing.T) { refusedByAll(t, tc.store, tc.code, tc.says) })
	}
}

// refusedByAll gives a store to commands that read and to some that write.
func refusedByAll(t *testing.T, store string, code int, says string) {
	t.Helper()
	data, providers := withKey(t), write(t, "providers.yaml", "providers:\n  - {id: city, issuer: \"https://sso.example\", client_id: k, title: {ja: 職員}}\n")
	commands := [][]string{
		{"import", "roster", write(t, "roster.csv", oneRoster), "--store", store},
		{"verify", "--store", store},
		{"move", "--from", store, "--to", "sqlite:" + filepath.Join(t.TempDir(), "new.db")},
	}
	if code == exitRefused { // serve waits for a store that may come
		commands = append(commands, []string{"serve", "--base-url", "https://k.example", "--providers", providers, "--store", store, "--listen", "127.0.0.1:0"})
	}
	for _, args := range commands {
		got, stdout, stderr := command(t, append(args, "--data", data)...)
		if got != code || !strings.Contains(stderr, says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit %d, want %d and one line that says %q:\n%s", args[0], got, code, says, stderr)
		}
		if strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("%s tells the password:\n%s%s", args[0], stdout, stderr)
		}
	}
}

// TestDatabasesThatAreNotOurs sees that they are refused in one line, and stay
// as they are.
func TestDatabasesThatAreNotOurs(t *testing.T) {
	engine.Address(t)
	schema := func(version int64) func(*testing.T, *mongo.Database, string) {
		return func(t *testing.T, db *mongo.Database, store string) {
			wantExit(t, 0, "", "import", "roster", write(t, "roster.csv", oneRoster), "--new-departments", "--data", t.TempDir(), "--store", store)
			noError(t, second(db.Collection("kokoroe").UpdateOne(t.Context(), bson.M{"_id": "schema"}, bson.M{"$set": bson.M{"version": version}})))
		}
	}
	for name, tc := range map[string]struct {
		says string
		make func(*testing.T, *mongo.Database, string)
	}{
		"another program's": {"not a database of this program", func(t *testing.T, db *mongo.Database, _ string) {
			noError(t, second(db.Collection("album").InsertOne(t.Context(), bson.M{"title": "x"})))
		}},
		"another program's, with our name": {"not a database of this program", func(t *testing.T, db *mongo.Database, _ string) {
			noError(t, second(db.Collection("kokoroe").InsertOne(t.Context(), bson.M{"title": "x"})))
		}},
		"of a newer program": {"use the newer program", schema(99)},
		"without an index that was there": {"log_key", func(t *testing.T, db *mongo.Database, store string) {
			wantExit(t, 0, "", "import", "roster", write(t, "roster.csv", oneRoster), "--new-departments", "--data", t.TempDir(), "--store", store)
			noError(t, db.Collection("log").Indexes().DropOne(t.Context(), "log_key"))
			noError(t, second(db.Collection("log").Indexes().CreateOne(t.Context(),
				mongo.IndexModel{Keys: bson.D{{Key: "entries.key", Value: 1}}, Options: options.Index().SetName("log_key")})))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			uri := engine.Database(t)
			_, path, _ := strings.Cut(strings.TrimPrefix(uri, "mongodb://"), "/")
			database, _, _ := strings.Cut(path, "?")
			db := engine.Client(t, uri).Database(database)
			tc.make(t, db, uri)
			before := contents(t, db)
			refusedByAll(t, uri, exitRefused, tc.says)
			if now := contents(t, db); now != before {
				t.Errorf("the database was changed:\n%s\nand now\n%s", before, now)
			}
		})
	}
}

// TestNothingIsMadeByLooking gives each command that reads, or works on what is
// there, the name of a store that is not.
func TestNothingIsMadeByLooking(t *testing.T) {
	data, witnesses := withKey(t), write(t, "witnesses.yaml", "witnesses:\n  - name: audit\n    key: "+witnessKey(t)+"\n")
	out := t.TempDir()
	commands := func(store string) [][]string {
		return [][]string{
			{"verify", "--store", store},
			{"backup", filepath.Join(out, "copy"), "--store", store},
			{"export", "log", filepath.Join(out, "log"), "--store", store},
			{"retention", "--dry-run", "--store", store},
			{"retention", "--store", store},
			{"erase", "--person", "1", "--by", "1", "--reason", "r", "--store", store},
			{"keys", "renew", "--store", store},
			{"begin-anew", "--by", "1", "--reason", "r", "--store", store},
			{"witness", "export", filepath.Join(out, "request"), "--witnesses", witnesses, "--store", store},
			{"move", "--from", store, "--to", "sqlite:" + filepath.Join(out, "new.db")},
		}
	}
	try := func(t *testing.T, store string) {
		for _, args := range commands(store) {
			code, stdout, stderr := command(t, append(args, "--data", data)...)
			if said := stdout + stderr; code != exitRefused || !strings.Contains(said, "there is no database of this program") || strings.Count(said, "\n") != 1 {
				t.Errorf("%v: exit %d\n%s", args[:2], code, said)
			}
		}
		stdout := wantExit(t, 0, "Nothing was changed", "import", "roster", write(t, "roster.csv", oneRoster), "--new-departments", "--dry-run",
			"--language", "en", "--data", filepath.Join(out, "data"), "--store", store)
		if !strings.Contains(stdout, "added 1") {
			t.Errorf("rehearsed on nothing:\n%s", stdout)
		}
		if made, err := os.ReadDir(out); err != nil || len(made) > 0 {
			t.Errorf("made: %v (%v)", made, err)
		}
	}
	t.Run("a file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "typo.db")
		try(t, "sqlite:"+path)
		if made, err := filepath.Glob(path + "*"); err != nil || len(made) > 0 {
			t.Errorf("made: %v (%v)", made, err)
		}
	})
	t.Run("MongoDB", func(t *testing.T) {
		uri := engine.Database(t)
		try(t, uri)
		_, path, _ := strings.Cut(strings.TrimPrefix(uri, "mongodb://"), "/")
		database, _, _ := strings.Cut(path, "?")
		if names, err := engine.Client(t, uri).ListDatabaseNames(t.Context(), bson.M{"name": database}); err != nil || len(names) > 0 {
			t.Errorf("made: %v (%v)", names, err)
		}
	})
}

// contents is what a database holds.
func contents(t *testing.T, db *mongo.Database) string {
	t.Helper()
	names, err := db.ListCollectionNames(t.Context(), bson.M{})
	noError(t, err)
	slices.Sort(names)
	var all strings.Builder
	for _, name := range names {
		cursor, err := db.Collection(name).Find(t.Context(), bson.M{})
		noError(t, err)
		indexes, err := db.Collection(name).Indexes().List(t.Context())
		noError(t, err)
		for _, list := range []*mongo.Cursor{cursor, indexes} {
			var documents []bson.Raw
			noError(t, list.All(t.Context(), &documents))
			fmt.Fprintln(&all, name, documents)
		}
	}
	return all.String()
}

func witnessKey(t *testing.T) string {
	t.Helper()
	_, public, err := evidence.NewWitnessKey("audit")
	noError(t, err)
	return public
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestCommandsOnMongoDB imports, and verifies what stands there.
func TestCommandsOnMongoDB(t *testing.T) {
	uri := engine.Database(t)
	store, data, roster := "file:"+write(t, "store", uri), withKey(t), write(t, "roster.csv", oneRoster)
	for _, args := range [][]string{
		{"import", "roster", roster, "--new-departments"},
		{"verify"},
	} {
		if code, stdout, stderr := command(t, append(args, "--data", data, "--store", store)...); code != 0 {
			t.Fatalf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
	code, stdout, stderr := command(t, "import", "roster", roster, "--dry-run", "--data", data, "--store", store, "--language", "en")
	if code != 0 || !strings.Contains(stdout, "1") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := command(t, "backup", t.TempDir()+"/b", "--data", data, "--store", store); code == 0 || !strings.Contains(stderr, "MongoDB") {
		t.Errorf("a backup: exit %d\n%s", code, stderr)
	}
}
