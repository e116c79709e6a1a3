// Runs a manager of controller-runtime with one controller: every Depot with the label has as many DataPolicies of its
// own as it has datasets. Then acts as a user of it and sees whether the controller keeps up.
//
// Its standard output is one JSON object: the steps that came true, and failures. Exits 1 when there are any.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const (
	label     = "clients.example.com/managed"
	finalizer = "clients.example.com/cleanup"
	observed  = "clients.example.com/children"
	patience  = 30 * time.Second
)

var (
	parentKind = schema.GroupVersionKind{Group: "data.polder.dev", Version: "v1alpha1", Kind: "Depot"}
	childKind  = schema.GroupVersionKind{Group: "data.polder.dev", Version: "v1alpha1", Kind: "DataPolicy"}
)

type verdict struct {
	Steps      []string `json:"steps"`
	Reconciles int64    `json:"reconciles"`
	Failures   []string `json:"failures"`
}

func main() {
	ctrl.SetLogger(zap.New(zap.WriteTo(os.Stderr)))
	kubeconfig := flag.String("server", "", "kubeconfig of the server")
	namespace := flag.String("namespace", "", "namespace of the objects")
	leases := flag.String("leases", "", "namespace of the lease that elects the leader")
	parent := flag.String("parent", "", "a valid Depot as JSON, without datasets")
	child := flag.String("child", "", "a valid DataPolicy as JSON")
	flag.Parse()
	v := &verdict{Steps: []string{}, Failures: []string{}}
	if err := run(v, *kubeconfig, *namespace, *leases, *parent, *child); err != nil {
		v.Failures = append(v.Failures, err.Error())
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(v); err != nil || len(v.Failures) > 0 {
		os.Exit(1)
	}
}

func run(v *verdict, kubeconfig, namespace, leases, parent, child string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Cache:                         cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}},
		Client:                        client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		Metrics:                       server.Options{BindAddress: "0"},
		LeaderElection:                true,
		LeaderElectionID:              "clients.example.com",
		LeaderElectionNamespace:       leases,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return err
	}
	r := &reconciler{client: manager.GetClient()}
	if r.template, err = object(child); err != nil {
		return err
	}
	owned, owner := &unstructured.Unstructured{}, &unstructured.Unstructured{}
	owned.SetGroupVersionKind(childKind)
	owner.SetGroupVersionKind(parentKind)
	if err := ctrl.NewControllerManagedBy(manager).Named("depots").For(owner).Owns(owned).Complete(r); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	user, err := client.New(config, client.Options{})
	if err != nil {
		stop()
		return err
	}
	err = use(ctx, v, user, namespace, parent)
	stop()
	v.Reconciles = r.count.Load()
	if failed := <-ended; err == nil {
		err = failed
	}
	return err
}

func object(text string) (*unstructured.Unstructured, error) {
	parsed := &unstructured.Unstructured{}
	return parsed, json.Unmarshal([]byte(text), &parsed.Object)
}

type reconciler struct {
	client   client.Client
	template *unstructured.Unstructured
	count    atomic.Int64
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	r.count.Add(1)
	parent := &unstructured.Unstructured{}
	parent.SetGroupVersionKind(parentKind)
	if err := r.client.Get(ctx, request.NamespacedName, parent); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if parent.GetLabels()[label] == "" {
		return ctrl.Result{}, nil
	}
	if parent.GetDeletionTimestamp() != nil {
		if controllerutil.RemoveFinalizer(parent, finalizer) {
			return ctrl.Result{}, r.client.Update(ctx, parent)
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(parent, finalizer) {
		return ctrl.Result{}, r.client.Update(ctx, parent)
	}
	datasets, _, err := unstructured.NestedSlice(parent.Object, "spec", "datasets")
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, r.settle(ctx, parent, len(datasets))
}

// settle makes the children that are wanted and removes the others.
func (r *reconciler) settle(ctx context.Context, parent *unstructured.Unstructured, wanted int) error {
	for index := range wanted {
		child := &unstructured.Unstructured{}
		child.SetGroupVersionKind(childKind)
		child.SetName(fmt.Sprintf("%s-%d", parent.GetName(), index))
		child.SetNamespace(parent.GetNamespace())
		_, err := controllerutil.CreateOrUpdate(ctx, r.client, child, func() error {
			child.SetLabels(map[string]string{label: parent.GetName()})
			child.Object["spec"] = r.template.DeepCopy().Object["spec"]
			return controllerutil.SetControllerReference(parent, child, r.client.Scheme())
		})
		if err != nil {
			return err
		}
	}
	children, err := list(ctx, r.client, parent)
	if err != nil {
		return err
	}
	for index := range children {
		if name := children[index].GetName(); name >= fmt.Sprintf("%s-%d", parent.GetName(), wanted) {
			if err := client.IgnoreNotFound(r.client.Delete(ctx, &children[index])); err != nil {
				return err
			}
		}
	}
	before := parent.DeepCopy()
	parent.SetAnnotations(map[string]string{observed: fmt.Sprint(wanted)})
	return r.client.Patch(ctx, parent, client.MergeFrom(before))
}

func list(ctx context.Context, reader client.Reader, parent *unstructured.Unstructured) ([]unstructured.Unstructured, error) {
	children := &unstructured.UnstructuredList{}
	children.SetGroupVersionKind(childKind)
	err := reader.List(ctx, children, client.InNamespace(parent.GetNamespace()), client.MatchingLabels{label: parent.GetName()})
	return children.Items, err
}

// use is the user: each step says what must come true because of the controller, or of garbage collection.
func use(ctx context.Context, v *verdict, user client.Client, namespace, text string) error {
	parent, err := object(text)
	if err != nil {
		return err
	}
	parent.SetNamespace(namespace)
	parent.SetName("parent")
	parent.SetLabels(map[string]string{label: "yes"})
	setDatasets(parent, 2)
	if err := user.Create(ctx, parent); err != nil {
		return err
	}
	exist := func(wanted int) func() (bool, error) {
		return func() (bool, error) {
			children, err := list(ctx, user, parent)
			for _, child := range children {
				owner := metav1.GetControllerOf(&child)
				if owner == nil || owner.UID != parent.GetUID() || owner.BlockOwnerDeletion == nil || !*owner.BlockOwnerDeletion {
					return false, fmt.Errorf("owners of %s: %v", child.GetName(), child.GetOwnerReferences())
				}
			}
			return len(children) == wanted, err
		}
	}
	steps := []struct {
		name   string
		act    func() error
		result func() (bool, error)
	}{
		{"children are made", func() error { return nil }, exist(2)},
		{"a deleted child comes back", func() error { return user.Delete(ctx, named(parent, "parent-1")) }, exist(2)},
		{"a changed child is put right", func() error {
			patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"priority":99}}`))
			return user.Patch(ctx, named(parent, "parent-0"), patch)
		}, func() (bool, error) {
			child := named(parent, "parent-0")
			err := user.Get(ctx, client.ObjectKeyFromObject(child), child)
			priority, _, _ := unstructured.NestedInt64(child.Object, "spec", "priority")
			return priority != 99, err
		}},
		{"one more is made", func() error { return resize(ctx, user, parent, 3) }, exist(3)},
		{"two are removed", func() error { return resize(ctx, user, parent, 1) }, exist(1)},
		{"the parent is told", func() error { return nil }, func() (bool, error) {
			err := user.Get(ctx, client.ObjectKeyFromObject(parent), parent)
			return parent.GetAnnotations()[observed] == "1", err
		}},
		{"the parent goes with its children", func() error {
			return user.Delete(ctx, parent.DeepCopy(), client.PropagationPolicy(metav1.DeletePropagationForeground))
		}, func() (bool, error) {
			children, err := list(ctx, user, parent)
			if err != nil {
				return false, err
			}
			err = user.Get(ctx, client.ObjectKeyFromObject(parent), parent.DeepCopy())
			return len(children) == 0 && apierrors.IsNotFound(err), client.IgnoreNotFound(err)
		}},
	}
	for _, step := range steps {
		if err := step.act(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if err := until(ctx, step.result); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		v.Steps = append(v.Steps, step.name)
	}
	return nil
}

func named(parent *unstructured.Unstructured, name string) *unstructured.Unstructured {
	child := &unstructured.Unstructured{}
	child.SetGroupVersionKind(childKind)
	child.SetNamespace(parent.GetNamespace())
	child.SetName(name)
	return child
}

func setDatasets(parent *unstructured.Unstructured, count int) {
	datasets := make([]any, count)
	for index := range datasets {
		datasets[index] = map[string]any{"name": fmt.Sprintf("set%d", index)}
	}
	_ = unstructured.SetNestedSlice(parent.Object, datasets, "spec", "datasets")
}

// resize changes the parent as somebody who has to try again when the controller came first.
func resize(ctx context.Context, user client.Client, parent *unstructured.Unstructured, count int) error {
	for {
		if err := user.Get(ctx, client.ObjectKeyFromObject(parent), parent); err != nil {
			return err
		}
		setDatasets(parent, count)
		if err := user.Update(ctx, parent); !apierrors.IsConflict(err) {
			return err
		}
	}
}

func until(ctx context.Context, holds func() (bool, error)) error {
	deadline := time.Now().Add(patience)
	for {
		ok, err := holds()
		if ok && err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("did not come true in %s: %v", patience, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
