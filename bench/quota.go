package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
)

// quota is a control group whose processes have a tenth of a CPU, as the function is
// deployed: 10 ms in each 100.
type quota struct {
	dir string
	v1  bool
	fd  int // of dir; for version 2
}

// newQuota makes the group, or says why it cannot.
func newQuota() (*quota, error) {
	name := fmt.Sprintf("bench-%d", os.Getpid())
	one := &quota{dir: filepath.Join("/sys/fs/cgroup/cpu", name), v1: true}
	oneErr := one.create(map[string]string{"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "10000"})
	if oneErr == nil {
		return one, nil
	}
	two := &quota{dir: filepath.Join("/sys/fs/cgroup", name)}
	if err := two.create(map[string]string{"cpu.max": "10000 100000"}); err != nil {
		return nil, errors.Join(oneErr, err)
	}
	var err error
	two.fd, err = syscall.Open(two.dir, syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	return two, err
}

func (q *quota) create(settings map[string]string) error {
	if err := os.Mkdir(q.dir, 0o755); err != nil { //nolint:gosec // a control group
		return err
	}
	for name, value := range settings {
		if err := os.WriteFile(filepath.Join(q.dir, name), []byte(value), 0o600); err != nil {
			return errors.Join(err, os.Remove(q.dir))
		}
	}
	return nil
}

// start starts the process in the group. In version 1 a process begins in the group of
// the thread that makes it.
func (q *quota) start(cmd *exec.Cmd) error {
	if q == nil {
		return cmd.Start()
	}
	if !q.v1 {
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: q.fd}
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := enter(q.dir); err != nil {
		return err
	}
	return errors.Join(cmd.Start(), enter(filepath.Dir(q.dir)))
}

// enter moves this thread.
func enter(group string) error {
	return os.WriteFile(filepath.Join(group, "tasks"), []byte(strconv.Itoa(syscall.Gettid())), 0o600)
}

func (q *quota) close() error {
	if q.fd > 0 {
		_ = syscall.Close(q.fd)
	}
	return os.Remove(q.dir)
}
