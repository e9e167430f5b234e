package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"unsafe"
)

// What speaks to OSS over TLS is measured in a network and a file system of its own,
// in which this program is DNS, OSS at its real names and port, and the system's roots.
// So the deployed binary is measured as it is, without a setting for the bench. Linux
// lets every user make such namespaces, unless it was told not to.

// tls measures over TLS in a namespace, or says why it cannot.
func (m *measurement) tls(ctx context.Context, dir string, o options) error {
	out := filepath.Join(dir, "tls.json")
	//nolint:gosec // the bench itself
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-inside", dir, "-tls-starts", strconv.Itoa(o.tlsStarts))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		m.TLS.Skipped = "no namespace of its own is to be had here: " + err.Error()
		return nil
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	text, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &m.TLS)
}

// errNoWorld means that the namespace does not let us lay it out.
type errNoWorld struct{ error }

// inside measures in the namespace and writes the result into dir.
func inside(ctx context.Context, dir string, o options) error {
	var result overTLS
	err := result.measure(ctx, dir, o)
	if none, ok := errors.AsType[errNoWorld](err); ok {
		result, err = overTLS{Skipped: none.Error()}, nil
	}
	if err != nil {
		return err
	}
	return result.write(dir)
}

// write puts what was found out so far into dir.
func (r *overTLS) write(dir string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "tls.json"), text, 0o600)
}

// world lays the namespace out: loopback, DNS, and the roots of p.
func world(ctx context.Context, dir string, p *pki) error {
	certs, resolver := filepath.Join(dir, "certs"), filepath.Join(dir, "resolv.conf")
	if err := os.Mkdir(certs, 0o700); err != nil {
		return err
	}
	if err := p.install(certs); err != nil {
		return err
	}
	if err := os.WriteFile(resolver, []byte("nameserver 127.0.0.1\n"), 0o600); err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"loopback", loopbackUp},
		{"mounts of its own", func() error { return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "") }},
		{"/etc/resolv.conf", func() error { return syscall.Mount(resolver, "/etc/resolv.conf", "", syscall.MS_BIND, "") }},
		{"/etc/ssl/certs", func() error { return syscall.Mount(certs, "/etc/ssl/certs", "", syscall.MS_BIND, "") }},
		{"DNS", func() error { return serveDNS(ctx, "127.0.0.1:53") }},
	} {
		if err := step.do(); err != nil {
			return errNoWorld{fmt.Errorf("%s: %w", step.what, err)}
		}
	}
	return nil
}

// loopbackUp starts the one network interface that a new namespace has.
func loopbackUp() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(fd) }()
	var request struct { // struct ifreq, netdevice(7)
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], "lo")
	request.flags = syscall.IFF_UP | syscall.IFF_RUNNING
	//nolint:gosec // ioctl has no other form
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}
