package mongodb_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"kokoroe/app/fault"
	"kokoroe/app/store/mongodb"
	"kokoroe/tests/mongodb/proxy"
)

// TestAReplyThatComesTwice is never taken for the answer to another request,
// also when that goes out on the same connection.
func TestAReplyThatComesTwice(t *testing.T) {
	address := answering(t, func(command string) bson.D {
		if command == "hello" || command == "isMaster" || command == "ismaster" {
			return hello(25)
		}
		return d("ok", 1.0, "to", command)
	})
	p, err := proxy.Start("mongodb://" + address + "/")
	check(t, err)
	t.Cleanup(func() { check(t, p.Close()) })
	client, err := mongodb.Connect(mongodb.Config{URI: p.URI("mongodb://" + address + "/?maxPoolSize=1&retryReads=false&directConnection=true"), Limit: 10 * time.Second})
	check(t, err)
	t.Cleanup(func() { check(t, client.Disconnect(context.Background())) })
	p.Follow(proxy.Only(proxy.Every(1, 0, proxy.Act{Harm: proxy.Twice}), "odd"))

	var told []string
	ask := func(command string) {
		var answer struct{ To string }
		err := client.Database("x").RunCommand(t.Context(), d(command, 1)).Decode(&answer)
		switch {
		case err != nil && !fault.Is(mongodb.Translate(t.Context(), err), fault.Unavailable):
			t.Errorf("%s: %v", command, err)
		case err == nil && answer.To != command:
			t.Errorf("%s is told what was the answer to %s", command, answer.To)
		case err == nil:
			told = append(told, command)
		}
	}
	for range 3 {
		ask("odd")
		ask("even")
		ask("again")
	}
	if p.Harmed() != 3 || !slices.Contains(told, "odd") || !slices.Contains(told, "again") {
		t.Errorf("%d replies came twice; answered: %q", p.Harmed(), told)
	}
}
