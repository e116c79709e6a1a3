// Keeps a namespace as declared with the engine of Argo CD: its cluster cache over every resource of the server, sync,
// prune, and health.
//
// Its standard output is one JSON object: the result of each sync by object, what the cache holds at the end, and
// failures. Exits 1 when there are any. The declared objects are JSON lists, one per sync, each a flag -sync.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/cache"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/engine"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2/textlogger"
)

// Which application an object belongs to.
const trackingLabel = "app.kubernetes.io/instance"

const patience = 60 * time.Second

type verdict struct {
	// By object, for each sync: Synced, Pruned and so on.
	Syncs []map[string]string `json:"syncs"`
	// Names of what the cache holds of the application after the last sync, and the health of each.
	Held map[string]string `json:"held"`
	// Groups of which the cache knows resources.
	Groups   []string `json:"groups"`
	Failures []string `json:"failures"`
}

type lists []string

func (l *lists) String() string         { return strings.Join(*l, " ") }
func (l *lists) Set(value string) error { *l = append(*l, value); return nil }

type resourceInfo struct{ application string }

func main() {
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of the server")
	namespace := flag.String("namespace", "", "namespace of the application")
	application := flag.String("application", "app", "value of the label of the application's objects")
	var syncs lists
	flag.Var(&syncs, "sync", "JSON list of declared objects")
	flag.Parse()
	v := &verdict{Syncs: []map[string]string{}, Held: map[string]string{}, Groups: []string{}, Failures: []string{}}
	if err := play(v, *kubeconfig, *namespace, *application, syncs); err != nil {
		v.Failures = append(v.Failures, err.Error())
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(v); err != nil || len(v.Failures) > 0 {
		os.Exit(1)
	}
}

func play(v *verdict, kubeconfig, namespace, application string, syncs lists) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 100, 200
	log := textlogger.NewLogger(textlogger.NewConfig(textlogger.Output(os.Stderr)))
	// Every resource of the server is listed and watched, as Argo CD does: one that cannot be fails the whole cache.
	clusterCache := cache.NewClusterCache(config, cache.SetLogr(log),
		cache.SetPopulateResourceInfoHandler(func(object *unstructured.Unstructured, _ bool) (any, bool) {
			label := object.GetLabels()[trackingLabel]
			return &resourceInfo{label}, label != ""
		}))
	gitops := engine.NewEngine(config, clusterCache, engine.WithLogr(log))
	stop, err := gitops.Run()
	if err != nil {
		return fmt.Errorf("cluster cache: %w", err)
	}
	defer stop()
	isManaged := func(r *cache.Resource) bool {
		info, ok := r.Info.(*resourceInfo)
		return ok && info.application == application
	}
	var declared []*unstructured.Unstructured
	for index, text := range syncs {
		declared = nil
		if err := json.Unmarshal([]byte(text), &declared); err != nil {
			return fmt.Errorf("-sync: %w", err)
		}
		for _, object := range declared {
			labels := object.GetLabels()
			if labels == nil {
				labels = map[string]string{}
			}
			labels[trackingLabel] = application
			object.SetLabels(labels)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		results, err := gitops.Sync(ctx, declared, isManaged, fmt.Sprint(index), namespace,
			sync.WithPrune(true), sync.WithServerSideApply(true), sync.WithServerSideApplyManager("argocd-controller"), sync.WithLogr(log))
		cancel()
		if err != nil {
			return fmt.Errorf("sync %d: %w", index, err)
		}
		did := map[string]string{}
		for _, result := range results {
			did[result.ResourceKey.Name] = string(result.Status)
			if result.Status == "SyncFailed" {
				did[result.ResourceKey.Name] += ": " + result.Message
			}
		}
		v.Syncs = append(v.Syncs, did)
	}
	return look(v, func() map[kube.ResourceKey]*cache.Resource { return clusterCache.FindResources(namespace, isManaged) }, clusterCache, len(declared))
}

// look waits until the cache has seen the last sync, and tells what it holds then.
func look(v *verdict, find func() map[kube.ResourceKey]*cache.Resource, clusterCache cache.ClusterCache, wanted int) error {
	groups := map[string]bool{}
	for _, resource := range clusterCache.GetAPIResources() {
		groups[resource.GroupKind.Group] = true
	}
	for group := range groups {
		v.Groups = append(v.Groups, group)
	}
	held := find()
	for deadline := time.Now().Add(patience); len(held) != wanted && time.Now().Before(deadline); held = find() {
		time.Sleep(100 * time.Millisecond)
	}
	for key, resource := range held {
		status, err := health.GetResourceHealth(resource.Resource, nil)
		if err != nil {
			return err
		}
		v.Held[key.Name] = "no health"
		if status != nil {
			v.Held[key.Name] = string(status.Status)
		}
	}
	return nil
}
