// reaper: speaks the protocol of Testcontainers' reaper. A client connects to port 8080 and sends lines such as
// `label=org.testcontainers.session-id=x`, each of which is answered with `ACK`. When the last connection has been closed for
// RYUK_RECONNECTION_TIMEOUT, what matches the lines is removed by the engine at /var/run/docker.sock.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"
)

const (
	address    = ":8080"
	socketPath = "/var/run/docker.sock"
	reaperMark = "org.testcontainers.ryuk"
	attempts   = 10
)

var engine = &http.Client{Transport: &http.Transport{
	DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socketPath)
	},
}}

// clients are the open connections, and the filters that they have sent.
type clients struct {
	sync.Mutex
	open    int
	filters map[string]url.Values
	changed chan int
}

func main() {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fail(err)
	}
	version, err := apiVersion()
	if err != nil {
		fail(err)
	}
	known := &clients{filters: map[string]url.Values{}, changed: make(chan int)}
	go known.accept(listener)
	fmt.Println("Started!")
	known.wait(duration("RYUK_CONNECTION_TIMEOUT", time.Minute), duration("RYUK_RECONNECTION_TIMEOUT", 10*time.Second))
	for _, filter := range known.filters {
		reap(version, filter)
	}
}

func (known *clients) accept(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			fail(err)
		}
		known.changed <- 1
		go known.read(connection)
	}
}

func (known *clients) read(connection net.Conn) {
	defer func() { known.changed <- -1 }()
	defer connection.Close()
	lines := bufio.NewScanner(connection)
	for lines.Scan() {
		if filter, err := url.ParseQuery(lines.Text()); err == nil && len(filter) > 0 {
			known.Lock()
			known.filters[lines.Text()] = filter
			known.Unlock()
		}
		fmt.Fprintln(connection, "ACK")
	}
}

// wait returns when nobody has connected in the first time, or nobody has been connected for the second.
func (known *clients) wait(first, again time.Duration) {
	timeout := time.After(first)
	for {
		select {
		case change := <-known.changed:
			known.open += change
			timeout = nil
			if known.open == 0 {
				timeout = time.After(again)
			}
		case <-timeout:
			return
		}
	}
}

// reap removes containers, networks, volumes and images, in this order, and repeats what fails.
func reap(version string, filter url.Values) {
	wanted := map[string]map[string]bool{}
	for kind, values := range filter {
		wanted[kind] = map[string]bool{}
		for _, value := range values {
			wanted[kind][value] = true
		}
	}
	encoded, _ := json.Marshal(wanted)
	query := "filters=" + url.QueryEscape(string(encoded))
	for attempt := 0; attempt < attempts; attempt++ {
		left := 0
		left += removeAll(version, "containers", list(version, "containers/json?all=1&"+query), "?force=1&v=1")
		left += removeAll(version, "networks", list(version, "networks?"+query), "")
		left += removeAll(version, "volumes", list(version, "volumes?"+query), "?force=1")
		left += removeAll(version, "images", list(version, "images/json?"+query), "")
		if left == 0 {
			return
		}
		time.Sleep(time.Second)
	}
}

type object struct {
	Id     string
	Name   string
	Labels map[string]string
}

func list(version, path string) []object {
	response, err := engine.Get("http://docker/v" + version + "/" + path)
	if err != nil {
		fail(err)
	}
	defer response.Body.Close()
	var volumes struct{ Volumes []object }
	var objects []object
	decoder := json.NewDecoder(response.Body)
	if path[0] == 'v' {
		err = decoder.Decode(&volumes)
		objects = volumes.Volumes
	} else {
		err = decoder.Decode(&objects)
	}
	if err != nil || response.StatusCode != http.StatusOK {
		fail(fmt.Errorf("%s: %d %v", path, response.StatusCode, err))
	}
	return objects
}

// removeAll returns how many could not be removed. Reapers are left alone.
func removeAll(version, kind string, objects []object, options string) int {
	left := 0
	for _, each := range objects {
		id := each.Id
		if id == "" {
			id = each.Name
		}
		if each.Labels[reaperMark] == "true" {
			continue
		}
		request, _ := http.NewRequest(http.MethodDelete, "http://docker/v"+version+"/"+kind+"/"+id+options, nil)
		response, err := engine.Do(request)
		if err != nil {
			fail(err)
		}
		response.Body.Close()
		fmt.Println("removed", kind, id, response.StatusCode)
		if response.StatusCode >= 300 && response.StatusCode != http.StatusNotFound {
			left++
		}
	}
	return left
}

func apiVersion() (string, error) {
	response, err := engine.Head("http://docker/_ping")
	if err != nil {
		return "", err
	}
	response.Body.Close()
	return response.Header.Get("Api-Version"), nil
}

func duration(name string, otherwise time.Duration) time.Duration {
	if given, err := time.ParseDuration(os.Getenv(name)); err == nil {
		return given
	}
	return otherwise
}

func fail(err error) {
	fmt.Println(err)
	os.Exit(1)
}
