// Applies objects as Flux does, with its own library: dry-run diff, apply, wait, drift and its correction, removal of a
// field, recreation where a field cannot be changed, deletion.
//
// Its standard output is one JSON object: what each step did to each object, and failures. Exits 1 when there are any.
// The objects are a JSON list in the flag -objects; the first one has spec.description.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/normalize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

type step struct {
	Name string `json:"name"`
	// Action by object, such as created or unchanged.
	Did map[string]string `json:"did,omitempty"`
	// Live and wanted description where a diff found drift.
	Drift []string `json:"drift,omitempty"`
}

type verdict struct {
	Steps    []step   `json:"steps"`
	Failures []string `json:"failures"`
}

type run struct {
	manager *ssa.ResourceManager
	client  client.Client
	objects []*unstructured.Unstructured
	verdict verdict
}

func main() {
	log.SetLogger(zap.New(zap.WriteTo(os.Stderr)))
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of the server")
	objects := flag.String("objects", "", "JSON list of objects")
	immutable := flag.String("immutable", "", "JSON object of the first object's kind in which a field differs that cannot be changed")
	flag.Parse()
	r := &run{verdict: verdict{Steps: []step{}, Failures: []string{}}}
	if err := r.prepare(*kubeconfig, *objects); err != nil {
		r.verdict.Failures = append(r.verdict.Failures, err.Error())
	} else if err := r.play(context.Background(), *immutable); err != nil {
		r.verdict.Failures = append(r.verdict.Failures, err.Error())
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(r.verdict); err != nil || len(r.verdict.Failures) > 0 {
		os.Exit(1)
	}
}

func (r *run) prepare(kubeconfig, objects string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	http, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	mapper, err := apiutil.NewDynamicRESTMapper(config, http)
	if err != nil {
		return err
	}
	if r.client, err = client.New(config, client.Options{Mapper: mapper}); err != nil {
		return err
	}
	poller := polling.NewStatusPoller(r.client, mapper, polling.Options{})
	r.manager = ssa.NewResourceManager(r.client, poller, ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"})
	if err := json.Unmarshal([]byte(objects), &r.objects); err != nil {
		return fmt.Errorf("-objects: %w", err)
	}
	r.manager.SetOwnerLabels(r.objects, "products", "flux-system")
	return normalize.UnstructuredList(r.objects)
}

func (r *run) play(ctx context.Context, immutable string) error {
	first := r.objects[0]
	wait := ssa.WaitOptions{Interval: 200 * time.Millisecond, Timeout: 30 * time.Second}
	steps := []func() error{
		func() error { return r.diff(ctx, "diff of what is new") },
		func() error { return r.apply(ctx, "apply", ssa.DefaultApplyOptions()) },
		func() error { return r.apply(ctx, "apply again", ssa.DefaultApplyOptions()) },
		func() error { return r.manager.Wait(r.objects, wait) },
		func() error { return r.diff(ctx, "diff of what is unchanged") },
		func() error { return r.disturb(ctx, first) },
		func() error { return r.diff(ctx, "diff of drift") },
		func() error { return r.apply(ctx, "apply over drift", ssa.DefaultApplyOptions()) },
		func() error {
			unstructured.RemoveNestedField(first.Object, "spec", "description")
			return r.apply(ctx, "apply without a field", ssa.DefaultApplyOptions())
		},
		func() error { return r.removed(ctx, first) },
		func() error { return r.recreate(ctx, immutable) },
		func() error { return r.delete(ctx, wait) },
	}
	for index, play := range steps {
		if err := play(); err != nil {
			return fmt.Errorf("step %d: %w", index, err)
		}
	}
	return nil
}

func (r *run) did(name string, set *ssa.ChangeSet) {
	did := map[string]string{}
	for _, entry := range set.Entries {
		did[entry.ObjMetadata.Name] = entry.Action.String()
	}
	r.verdict.Steps = append(r.verdict.Steps, step{Name: name, Did: did})
}

func (r *run) apply(ctx context.Context, name string, options ssa.ApplyOptions) error {
	set, err := r.manager.ApplyAll(ctx, copies(r.objects), options)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r.did(name, set)
	return nil
}

func (r *run) diff(ctx context.Context, name string) error {
	set := ssa.NewChangeSet()
	var drift []string
	for _, object := range copies(r.objects) {
		entry, live, merged, err := r.manager.Diff(ctx, object, ssa.DefaultDiffOptions())
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		set.Entries = append(set.Entries, *entry)
		if live != nil {
			drift = append(drift, description(live), description(merged))
		}
	}
	r.did(name, set)
	r.verdict.Steps[len(r.verdict.Steps)-1].Drift = drift
	return nil
}

// disturb changes a declared field as somebody else.
func (r *run) disturb(ctx context.Context, object *unstructured.Unstructured) error {
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"description":"by hand"}}`))
	return r.client.Patch(ctx, object.DeepCopy(), patch, client.FieldOwner("somebody"))
}

func (r *run) removed(ctx context.Context, object *unstructured.Unstructured) error {
	live := object.DeepCopy()
	if err := r.client.Get(ctx, client.ObjectKeyFromObject(object), live); err != nil {
		return err
	}
	// The other manager took the field over by a forced write, then Flux took it back: it is nobody else's.
	if found := description(live); found != "" {
		return fmt.Errorf("description is %q, and nobody declares it", found)
	}
	return nil
}

// recreate declares what cannot be changed: refused, and with force the object is made anew.
func (r *run) recreate(ctx context.Context, immutable string) error {
	changed := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(immutable), &changed.Object); err != nil {
		return fmt.Errorf("-immutable: %w", err)
	}
	r.manager.SetOwnerLabels([]*unstructured.Unstructured{changed}, "products", "flux-system")
	before := &unstructured.Unstructured{}
	before.SetGroupVersionKind(changed.GroupVersionKind())
	if err := r.client.Get(ctx, client.ObjectKeyFromObject(changed), before); err != nil {
		return err
	}
	if _, err := r.manager.Apply(ctx, changed.DeepCopy(), ssa.DefaultApplyOptions()); err == nil {
		return fmt.Errorf("a field that cannot be changed was changed")
	}
	options := ssa.DefaultApplyOptions()
	options.Force = true
	options.WaitInterval = 100 * time.Millisecond
	options.WaitTimeout = 20 * time.Second
	after := changed.DeepCopy()
	entry, err := r.manager.Apply(ctx, after, options)
	if err != nil {
		return fmt.Errorf("by force: %w", err)
	}
	if after.GetUID() == before.GetUID() {
		return fmt.Errorf("not made anew by force")
	}
	r.did("apply by force", &ssa.ChangeSet{Entries: []ssa.ChangeSetEntry{*entry}})
	return nil
}

func (r *run) delete(ctx context.Context, wait ssa.WaitOptions) error {
	set, err := r.manager.DeleteAll(ctx, copies(r.objects), ssa.DefaultDeleteOptions())
	if err != nil {
		return err
	}
	r.did("delete", set)
	return r.manager.WaitForTermination(r.objects, wait)
}

func copies(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	all := make([]*unstructured.Unstructured, len(objects))
	for index, object := range objects {
		all[index] = object.DeepCopy()
	}
	return all
}

func description(object *unstructured.Unstructured) string {
	text, _, _ := unstructured.NestedString(object.Object, "spec", "description")
	return text
}
