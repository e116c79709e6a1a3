package main

import (
	"context"
	"errors"
	"math/rand"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// scissors tears connections, as a failing network or a restarting load balancer does.
type scissors struct {
	lock sync.Mutex
	open map[net.Conn]struct{}
	cuts atomic.Int64
}

func (s *scissors) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	connection, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.open == nil {
		s.open = map[net.Conn]struct{}{}
	}
	tracked := &trackedConn{Conn: connection, scissors: s}
	s.open[tracked] = struct{}{}
	return tracked, nil
}

func (s *scissors) cutEvery(ctx context.Context, period time.Duration) {
	if period <= 0 {
		return
	}
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.cutOne()
		}
	}
}

func (s *scissors) cutOne() {
	s.lock.Lock()
	all := make([]net.Conn, 0, len(s.open))
	for connection := range s.open {
		all = append(all, connection)
	}
	s.lock.Unlock()
	if len(all) == 0 {
		return
	}
	_ = all[rand.Intn(len(all))].Close()
	s.cuts.Add(1)
}

type trackedConn struct {
	net.Conn
	scissors *scissors
}

func (c *trackedConn) Close() error {
	c.scissors.lock.Lock()
	delete(c.scissors.open, c)
	c.scissors.lock.Unlock()
	return c.Conn.Close()
}

// counter says which of the possible requests client-go made, so that a fallback does not pass unseen.
type counter struct {
	lists, exactLists, watches, streamedLists, refused atomic.Int64
}

func (c *counter) counts() map[string]int64 {
	return map[string]int64{
		"list":         c.lists.Load(),
		"exactList":    c.exactLists.Load(),
		"watch":        c.watches.Load(),
		"streamedList": c.streamedLists.Load(),
		"refused":      c.refused.Load(),
	}
}

func (c *counter) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if err != nil {
			return response, err
		}
		if response.StatusCode >= http.StatusBadRequest && !errors.Is(request.Context().Err(), context.Canceled) {
			c.refused.Add(1)
			return response, nil
		}
		query := request.URL.Query()
		switch {
		case query.Get("sendInitialEvents") == "true":
			c.streamedLists.Add(1)
		case query.Has("watch"):
			c.watches.Add(1)
		case query.Get("resourceVersionMatch") == "Exact":
			c.exactLists.Add(1)
		default:
			c.lists.Add(1)
		}
		return response, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
