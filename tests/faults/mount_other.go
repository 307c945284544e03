//go:build !linux

package main

import "errors"

func mountSmall(string, uint64) (end func() error, err error) { return nil, errors.ErrUnsupported }

func growSmall(string) error { return errors.ErrUnsupported }
