package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// mountSmall puts a file system of so many bytes on the folder, which it makes,
// and returns how to take it away. An error where that is not allowed.
func mountSmall(folder string, size uint64) (end func() error, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d,mode=700", size)); err != nil {
		return nil, err
	}
	return func() error {
		err := syscall.Unmount(folder, 0)
		if errors.Is(err, syscall.EBUSY) {
			err = syscall.Unmount(folder, syscall.MNT_DETACH)
		}
		return err
	}, nil
}

// growSmall makes room on it.
func growSmall(folder string) error {
	return syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT|syscall.MS_NOSUID|syscall.MS_NODEV, "size=256m")
}
