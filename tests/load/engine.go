package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	driver "go.mongodb.org/mongo-driver/v2/mongo/options"
)

// engineWork is what MongoDB's engine has done since it started.
type engineWork struct {
	calls  int64         // commands, each of one document or of several
	engine time.Duration // of processor, by the threads that run commands and keep the data
	socket time.Duration // of processor, by the threads of Node that serve the socket in front of it
}

// workOf asks the engine what it was called for, and the system what that took.
// Nothing for a store that is a file, and no processor when the engine runs on
// another machine.
func workOf(ctx context.Context, uri string) (w engineWork, err error) {
	if uri == "" {
		return w, nil
	}
	client, err := mongo.Connect(driver.Client().ApplyURI(uri))
	if err != nil {
		return w, err
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(ctx)) }()
	var status struct {
		PID     int64 `bson:"pid"`
		Metrics struct {
			Commands map[string]bson.RawValue `bson:"commands"`
		} `bson:"metrics"`
	}
	if err := client.Database("admin").RunCommand(ctx, bson.D{{Key: "serverStatus", Value: 1}}).Decode(&status); err != nil {
		return w, err
	}
	for _, c := range status.Metrics.Commands {
		if counts, ok := c.DocumentOK(); ok {
			n, _ := counts.Lookup("total").AsInt64OK()
			w.calls += n
		}
	}
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", status.PID))
	if err != nil {
		return w, err
	}
	for _, file := range threads {
		name, used, _ := processorOf(file)
		if strings.HasPrefix(name, "ld-linux") || strings.HasPrefix(name, "node") || strings.HasPrefix(name, "tokio") {
			w.socket += used
		} else {
			w.engine += used
		}
	}
	return w, nil
}

func (w engineWork) plus(more engineWork) engineWork {
	return engineWork{w.calls + more.calls, w.engine + more.engine, w.socket + more.socket}
}

func (w engineWork) since(before engineWork) engineWork {
	return engineWork{w.calls - before.calls, w.engine - before.engine, w.socket - before.socket}
}

func (w engineWork) print(out io.Writer, journeys int) {
	fmt.Fprintf(out, "MongoDB for a journey: %.1f calls; processor: engine %.1f ms, socket in front of it %.1f ms\n",
		float64(w.calls)/float64(max(journeys, 1)), each(w.engine, journeys), each(w.socket, journeys))
}
