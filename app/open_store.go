package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/store"
	"kokoroe/app/store/mongodb"
	"kokoroe/app/store/sqlite"
)

// OpenStore opens the store that a setting names, which is made when there is
// none: "sqlite:PATH", the address of a MongoDB database, or "file:PATH" of a
// file that holds one of these and that only its owner may read, because an
// address may hold a password. Errors never repeat the setting. Invalid
// (store.setting_invalid), and what the driver says.
func OpenStore(ctx context.Context, setting string, logger *slog.Logger) (store.Store, error) {
	return openStore(ctx, setting, false, logger)
}

// OpenExisting is OpenStore for who has come to look: when there is nothing, it
// makes nothing and answers with store.ErrNone.
func OpenExisting(ctx context.Context, setting string, logger *slog.Logger) (store.Store, error) {
	return openStore(ctx, setting, true, logger)
}

func openStore(ctx context.Context, setting string, existing bool, logger *slog.Logger) (store.Store, error) {
	kind, where, err := storeNamed(setting)
	if err != nil {
		return nil, err
	}
	if kind == "sqlite" {
		s, err := sqlite.Open(ctx, sqlite.Config{Path: where, Logger: logger, Existing: existing})
		return opened(s, err)
	}
	s, err := mongodb.Open(ctx, mongodb.Config{URI: where, Logger: logger, Existing: existing})
	return opened(s, err)
}

// storeNamed reads a setting: "sqlite" and the path of the database, or
// "mongodb" and its address.
func storeNamed(setting string) (kind, where string, err error) {
	kind, where, _ = strings.Cut(setting, ":")
	if kind == "file" {
		if setting, err = evidence.ReadSecret(where); err != nil {
			return "", "", wrongSetting(fmt.Errorf("store: %w", err))
		}
		kind, where, _ = strings.Cut(setting, ":")
	}
	switch {
	case kind == "sqlite" && where != "":
		return kind, where, nil
	case kind == "mongodb", kind == "mongodb+srv":
		return "mongodb", setting, nil
	}
	return "", "", wrongSetting(errors.New("store: want sqlite:PATH, mongodb://HOST/DATABASE, mongodb+srv://HOST/DATABASE or file:PATH"))
}

func wrongSetting(why error) error {
	return &fault.Error{Kind: fault.Invalid, MessageID: "store.setting_invalid", Args: fault.Args{"Why": why.Error()}, Err: why}
}

// opened keeps a pointer that is nil from becoming a store that is not.
func opened(s store.Store, err error) (store.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
