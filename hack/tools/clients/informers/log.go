package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	retry "k8s.io/client-go/tools/watch"
)

// eventLog is everything a watch from one resource version on reported, through torn connections.
type eventLog struct {
	lock   sync.Mutex
	events map[string][]write
	last   uint64
	faults []string
}

func followLog(ctx context.Context, client dynamic.ResourceInterface, from string) (*eventLog, error) {
	source := &cache.ListWatch{WatchFunc: func(o metav1.ListOptions) (watch.Interface, error) { return client.Watch(ctx, o) }}
	watcher, err := retry.NewRetryWatcher(from, source)
	if err != nil {
		return nil, fmt.Errorf("retry watcher: %w", err)
	}
	log := &eventLog{events: map[string][]write{}}
	go func() {
		for event := range watcher.ResultChan() {
			log.add(event)
		}
		log.fault("the watch of all events ended")
	}()
	return log, nil
}

func (l *eventLog) add(event watch.Event) {
	if event.Type == watch.Bookmark {
		return
	}
	key, number, err := versionOf(event.Object)
	if err != nil || event.Type == watch.Error {
		l.fault(fmt.Sprintf("%s event: %v %v", event.Type, err, event.Object))
		return
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	if number <= l.last {
		l.faults = append(l.faults, fmt.Sprintf("%s of %s at %d after %d", event.Type, key, number, l.last))
	}
	l.last = number
	name := key[strings.Index(key, "/")+1:]
	l.events[name] = append(l.events[name], write{event.Type, name, fmt.Sprint(number)})
}

func (l *eventLog) fault(text string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.faults = append(l.faults, text)
}

// compare waits until every acknowledged write was reported, then wants each of them once and in order.
func (l *eventLog) compare(ctx context.Context, writes []write, v *verdict) {
	wanted := map[string][]write{}
	for _, one := range writes {
		wanted[one.name] = append(wanted[one.name], one)
	}
	for !l.has(wanted) && ctx.Err() == nil {
		pause(ctx, 50*time.Millisecond)
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	for _, fault := range l.faults {
		v.fail("log: %s", fault)
	}
	for name, list := range wanted {
		if difference := differ(list, l.events[name]); difference != "" {
			v.fail("log of %s: %s", name, difference)
		}
	}
	v.Compared = append(v.Compared, "log of every write")
}

func (l *eventLog) has(wanted map[string][]write) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	for name, list := range wanted {
		if len(l.events[name]) < len(list) {
			return false
		}
	}
	return true
}

func differ(wanted, seen []write) string {
	for index := range max(len(wanted), len(seen)) {
		if index >= len(wanted) || index >= len(seen) {
			return fmt.Sprintf("%d writes, %d events", len(wanted), len(seen))
		}
		w, s := wanted[index], seen[index]
		if w.event != s.event || (w.resourceVersion != "" && w.resourceVersion != s.resourceVersion) {
			return fmt.Sprintf("write %d was %v, seen as %v", index, w, s)
		}
	}
	return ""
}

// versionOf names an object by namespace and name.
func versionOf(object runtime.Object) (key string, number uint64, err error) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return "", 0, err
	}
	number, err = strconv.ParseUint(accessor.GetResourceVersion(), 10, 64)
	return accessor.GetNamespace() + "/" + accessor.GetName(), number, err
}

func pause(ctx context.Context, period time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(period):
	}
}
