package engine

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Each collection and each index is a file. WiredTiger closes one that nothing has
// used for a while, also when it was dropped, but only after a checkpoint has
// written it: this engine makes none by itself, as MongoDB's server does, and
// "a while" is ten minutes. A database for each test is tens of thousands of open
// files then, and at the limit of the process the engine aborts without a word.
const (
	looks   = 2 * time.Second
	many    = 500         // open files, at which a checkpoint is made
	usual   = time.Minute // between checkpoints in any case, as MongoDB's server has it
	closing = "file_manager=(close_idle_time=5,close_scan_interval=2,close_handle_minimum=100)"
)

// tidy lets the engine close its files until it ends, and looks at what it holds.
func (e *Engine) tidy() {
	defer close(e.tidied)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { <-e.ended; cancel() }()
	if err := e.closeFiles(ctx); err != nil && ctx.Err() == nil && !e.asked.Load() {
		fmt.Fprintf(os.Stderr, "engine: it keeps its files open: %v\n", err)
	}
}

func (e *Engine) closeFiles(ctx context.Context) error {
	client, err := mongo.Connect(options.Client().ApplyURI(e.URI))
	if err != nil {
		return err
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(ctx)) }()
	admin := client.Database("admin")
	var status struct {
		PID int64 `bson:"pid"` // not the command's, where that starts Node once more
	}
	if err := admin.RunCommand(ctx, bson.D{{Key: "serverStatus", Value: 1}}).Decode(&status); err != nil {
		return err
	}
	if err := admin.RunCommand(ctx, bson.D{{Key: "setParameter", Value: 1}, {Key: "wiredTigerEngineRuntimeConfig", Value: closing}}).Err(); err != nil {
		return err
	}
	look := time.NewTicker(looks)
	defer look.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		files, all := held(status.PID)
		e.seen.Store(all)
		if 0 < files && files < many && time.Since(last) < usual {
			continue
		}
		last = time.Now()
		// An engine that is gone says it in watch; one that is busy is asked again.
		_ = admin.RunCommand(ctx, bson.D{{Key: "fsync", Value: 1}}).Err()
	}
}

// held is how many open files a process has, and that with what else it has of the
// machine in words. Where nobody tells it, the files are 0.
func held(pid int64) (files int, all string) {
	of := func(file, name string) string {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, name) {
				return strings.Join(strings.Fields(line), " ")
			}
		}
		return name + " unknown"
	}
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(list), fmt.Sprintf("%d open files (%s; %s; %s)", len(list), of("limits", "Max open files"), of("status", "VmRSS"), of("status", "Threads"))
}
