package mongodb_test

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"kokoroe/app/fault"
	"kokoroe/tests/mongodb/answering"
)

func TestASignInThatIsRefused(t *testing.T) {
	address := answering.Start(t, func(command string) bson.D {
		if strings.HasPrefix(command, "sasl") {
			return answering.Error(18, "AuthenticationFailed")
		}
		return answering.Hello(25)
	})
	err := refused(t, "mongodb://user:hunter2@"+address+"/kokoroe", "mongodb.sign_in_refused", fault.Invalid)
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error tells the password: %v", err)
	}
}

func TestAUserWhoMayNothing(t *testing.T) {
	address := answering.Start(t, func(command string) bson.D {
		switch command {
		case "buildInfo":
			return answering.Build(8, 0, 4)
		case "listCollections":
			return answering.Error(13, "Unauthorized")
		}
		return answering.Hello(25)
	})
	_ = refused(t, "mongodb://"+address+"/kokoroe", "mongodb.not_permitted", fault.Invalid)
}

func TestAnOldServer(t *testing.T) {
	for name, wire := range map[string]int32{"known to the driver": 17, "unknown to the driver": 4} {
		t.Run(name, func(t *testing.T) {
			address := answering.Start(t, func(command string) bson.D {
				if command == "buildInfo" {
					return answering.Build(6, 0, 1)
				}
				return answering.Hello(wire)
			})
			_ = refused(t, "mongodb://"+address+"/kokoroe", "mongodb.server_old", fault.Invalid)
		})
	}
}
