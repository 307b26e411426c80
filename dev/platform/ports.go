package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Ports of the parts, all on 127.0.0.1.
type Ports struct {
	API        int `json:"api"`
	Temporal   int `json:"temporal"`
	TemporalUI int `json:"temporal_ui"`
	Sandbox    int `json:"sandbox"`
	Postgres   int `json:"postgres"`
	Redis      int `json:"redis"`
}

// port is one of the ports, with the variable that moves it.
type port struct {
	name     string
	service  Service
	variable string
	wanted   int
	chosen   *int
}

func (p *Platform) allPorts() []port {
	wanted, chosen := p.opts.Ports, &p.ports
	return []port{
		{"the API", API, "BOXOFFICE_PORT", wanted.API, &chosen.API},
		{"Temporal", Temporal, "TEMPORAL_PORT", wanted.Temporal, &chosen.Temporal},
		{"the Temporal UI", Temporal, "TEMPORAL_UI_PORT", wanted.TemporalUI, &chosen.TemporalUI},
		{"the sandbox", Sandbox, "SANDBOX_PORT", wanted.Sandbox, &chosen.Sandbox},
		{"Postgres", Postgres, "POSTGRES_PORT", wanted.Postgres, &chosen.Postgres},
		{"Redis", Redis, "REDIS_PORT", wanted.Redis, &chosen.Redis},
	}
}

// choosePorts settles every port before anything starts, because the programs
// are told each other's addresses. Free ports are remembered, so that what is
// started again over the same state is found where it was.
func (p *Platform) choosePorts() error {
	remembered := filepath.Join(p.opts.StateDir, "ports.json")
	if content, err := os.ReadFile(remembered); err == nil {
		_ = json.Unmarshal(content, &p.ports)
	}
	var errs []error
	taken := map[int]string{} // for what
	for _, port := range p.allPorts() {
		if p.runs(port.service) {
			errs = append(errs, choosePort(port, taken))
			taken[*port.chosen] = port.name
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	content, err := json.Marshal(p.ports)
	if err != nil {
		return err
	}
	if err := os.WriteFile(remembered, content, 0o644); err != nil {
		return fmt.Errorf("remember the ports: %w", err)
	}
	return nil
}

func choosePort(port port, taken map[int]string) error {
	if port.wanted != 0 {
		*port.chosen = port.wanted
		if other := taken[port.wanted]; other != "" {
			return fmt.Errorf("port %d is wanted for %s and for %s: choose another port with %s=…", port.wanted, other, port.name, port.variable)
		}
	}
	if port.service == Postgres && *port.chosen != 0 {
		// It may be running already, left by a process that was killed: only
		// starting it will tell.
		return nil
	}
	if port.wanted != 0 {
		if err := available(port.wanted); err != nil {
			return portTaken(port.wanted, port.name, port.variable, err)
		}
		return nil
	}
	if *port.chosen != 0 && taken[*port.chosen] == "" && available(*port.chosen) == nil {
		return nil
	}
	var err error
	*port.chosen, err = freePort(taken)
	return err
}

func portTaken(port int, name, variable string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d, for %s: %w: choose another port with %s=…", port, name, err, variable)
	}
	return fmt.Errorf("port %d, for %s, is used by another program: stop that, or choose another port with %s=…", port, name, variable)
}

// freePort stays below the range from which systems take the ports of outgoing
// connections: there, a port could be lost while its program restarts.
func freePort(taken map[int]string) (int, error) {
	const low, high = 15000, 30000
	for range 100 {
		candidate := low + rand.IntN(high-low)
		if taken[candidate] != "" {
			continue
		}
		listener, err := net.Listen("tcp", local(candidate))
		if err == nil {
			return candidate, listener.Close()
		}
	}
	return 0, fmt.Errorf("no free port found between %d and %d", low, high)
}

// available waits a little: the children of a platform that was killed a moment
// ago may not be gone yet.
func available(port int) error {
	deadline := time.Now().Add(2 * time.Second)
	for {
		listener, err := net.Listen("tcp", local(port))
		if err == nil {
			return listener.Close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func localURL(port int) string { return "http://" + local(port) }

// PublicURL is where people open the web app. It has a name, because passkeys belong to a
// domain and never to an IP address.
func PublicURL(port int) string { return "http://localhost:" + strconv.Itoa(port) }
