// Runs client-go's informers against an API server under load and says whether every cache ended up equal to the
// server and whether every write was seen once and in order.
//
// Its standard output is one JSON object, the verdict; it exits 1 when there is a failure in it. The object to write is
// read as JSON from the flag -object. With KUBE_WATCHLIST_INCONSISTENCY_DETECTOR=true client-go itself compares each
// streamed list with a plain one and panics on a difference.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// How long caches get to catch up once nothing is written any more.
const settleTime = 60 * time.Second

type options struct {
	kubeconfig string
	resource   schema.GroupVersionResource
	namespace  string
	template   *unstructured.Unstructured
	seconds    int
	objects    int
	writers    int
	cutEvery   time.Duration
}

type verdict struct {
	ClientGo string `json:"clientGo"`
	// Requests that were answered, by what they ask for.
	Requests map[string]int64 `json:"requests"`
	// Connections of informers that were torn on purpose.
	Cuts     int64            `json:"cuts"`
	Writes   map[string]int64 `json:"writes"`
	Events   int64            `json:"events"`
	Restarts int64            `json:"restarts"`
	// Caches compared with the server after the load.
	Compared []string `json:"compared"`
	Failures []string `json:"failures"`

	lock sync.Mutex
}

func (v *verdict) fail(format string, arguments ...any) {
	v.lock.Lock()
	defer v.lock.Unlock()
	const most = 20
	if len(v.Failures) < most {
		v.Failures = append(v.Failures, fmt.Sprintf(format, arguments...))
	}
}

type clients struct {
	// Writes go through connections that nobody cuts.
	writer  dynamic.ResourceInterface
	objects dynamic.Interface
	meta    metadata.Interface
	scissors
	counter
}

func main() {
	parsed, err := parseFlags()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	result := run(parsed)
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(result); err != nil || len(result.Failures) > 0 {
		os.Exit(1)
	}
}

func parseFlags() (options, error) {
	var o options
	var resource, object string
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig of the server")
	flag.StringVar(&resource, "resource", "", "resource as plural.version.group")
	flag.StringVar(&o.namespace, "namespace", "", "namespace of the objects")
	flag.StringVar(&object, "object", "", "a valid object as JSON")
	flag.IntVar(&o.seconds, "seconds", 30, "how long to write")
	flag.IntVar(&o.objects, "objects", 200, "names in use")
	flag.IntVar(&o.writers, "writers", 4, "writers at the same time")
	flag.DurationVar(&o.cutEvery, "cut-every", 2*time.Second, "tear one connection of the informers this often")
	flag.Parse()
	gvr, _ := schema.ParseResourceArg(resource)
	if gvr == nil {
		return o, fmt.Errorf("-resource must be plural.version.group, got %q", resource)
	}
	o.resource = *gvr
	o.template = &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(object), &o.template.Object); err != nil {
		return o, fmt.Errorf("-object: %w", err)
	}
	return o, nil
}

func run(o options) *verdict {
	v := &verdict{ClientGo: clientGoVersion(), Writes: map[string]int64{}, Compared: []string{}, Failures: []string{}}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c, err := connect(o)
	if err != nil {
		v.fail("%v", err)
		return v
	}
	if err := exercise(ctx, o, c, v); err != nil {
		v.fail("%v", err)
	}
	v.Requests = c.counts()
	v.Cuts = c.cuts.Load()
	return v
}

func connect(o options) (*clients, error) {
	config, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	// What an unreachable or stale cache says would otherwise be lost among the requests of a second attempt.
	config.WarningHandler = rest.NoWarnings{}
	steady, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	c := &clients{writer: steady.Resource(o.resource).Namespace(o.namespace)}
	torn := rest.CopyConfig(config)
	torn.Dial = c.dial
	torn.Wrap(c.wrap)
	if c.objects, err = dynamic.NewForConfig(torn); err != nil {
		return nil, err
	}
	c.meta, err = metadata.NewForConfig(torn)
	return c, err
}

func exercise(ctx context.Context, o options, c *clients, v *verdict) error {
	load := newLoad(o, c.writer)
	if err := load.fill(ctx); err != nil {
		return err
	}
	start, err := c.writer.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return err
	}
	log, err := followLog(ctx, c.objects.Resource(o.resource).Namespace(o.namespace), start.GetResourceVersion())
	if err != nil {
		return err
	}
	caches := startCaches(ctx, o, c, v)

	loading, stop := context.WithTimeout(ctx, time.Duration(o.seconds)*time.Second)
	defer stop()
	go c.cutEvery(loading, o.cutEvery)
	restarts := restartInformers(loading, o, c, v)
	load.run(loading, v)
	v.Restarts = <-restarts

	settled, done := context.WithTimeout(ctx, settleTime)
	defer done()
	log.compare(settled, load.written(), v)
	for _, cache := range caches {
		cache.compare(settled, v)
		v.Events += cache.events()
	}
	return load.clear(ctx)
}

func clientGoVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == "k8s.io/client-go" {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}
