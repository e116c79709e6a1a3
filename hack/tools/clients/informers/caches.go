package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
)

// mirror is an informer whose reports are checked one by one.
type mirror struct {
	what     string
	informer cache.SharedIndexInformer
	// list asks the server for what the informer ought to hold.
	list func(context.Context) (map[string]string, error)

	lock   sync.Mutex
	known  map[string]uint64
	faults []string
	count  atomic.Int64
}

func startCaches(ctx context.Context, o options, c *clients, v *verdict) []*mirror {
	everything := func(*metav1.ListOptions) {}
	gold := func(l *metav1.ListOptions) { l.LabelSelector = tierLabel + "=" + tiers[0] }
	labelled := func(l *metav1.ListOptions) { l.LabelSelector = tierLabel }
	all := []*mirror{
		objectMirror(o, c, "namespace", o.namespace, everything),
		objectMirror(o, c, "label selector", o.namespace, gold),
		objectMirror(o, c, "all namespaces", metav1.NamespaceAll, labelled),
		metadataMirror(o, c, "metadata only", everything),
	}
	for _, one := range all {
		if err := one.start(ctx); err != nil {
			v.fail("%s: %v", one.what, err)
		}
	}
	return all
}

// dropKind makes metadata equal however it came: in JSON the items of a list name their kind, which the metadata
// client keeps, while it removes the kind of what a watch brings. The detector would take that for a difference.
func dropKind(object any) (any, error) {
	if partial, ok := object.(*metav1.PartialObjectMetadata); ok {
		partial.TypeMeta = metav1.TypeMeta{}
	}
	return object, nil
}

func objectMirror(o options, c *clients, what, namespace string, tweak func(*metav1.ListOptions)) *mirror {
	const resync = 5 * time.Second
	informer := dynamicinformer.NewFilteredDynamicInformer(c.objects, o.resource, namespace, resync, cache.Indexers{}, tweak)
	return &mirror{
		what: what, informer: informer.Informer(), known: map[string]uint64{},
		list: func(ctx context.Context) (map[string]string, error) {
			var options metav1.ListOptions
			tweak(&options)
			list, err := c.objects.Resource(o.resource).Namespace(namespace).List(ctx, options)
			return versions(list, err)
		},
	}
}

func metadataMirror(o options, c *clients, what string, tweak func(*metav1.ListOptions)) *mirror {
	informer := metadatainformer.NewFilteredMetadataInformer(c.meta, o.resource, o.namespace, 0, cache.Indexers{}, tweak)
	return &mirror{
		what: what, informer: informer.Informer(), known: map[string]uint64{},
		list: func(ctx context.Context) (map[string]string, error) {
			list, err := c.meta.Resource(o.resource).Namespace(o.namespace).List(ctx, metav1.ListOptions{})
			return versions(list, err)
		},
	}
}

// versions maps key to uid and resource version.
func versions(list runtime.Object, err error) (map[string]string, error) {
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	err = meta.EachListItem(list, func(item runtime.Object) error { return describe(item, found) })
	return found, err
}

func describe(item any, into map[string]string) error {
	accessor, err := meta.Accessor(item)
	if err != nil {
		return err
	}
	key := accessor.GetNamespace() + "/" + accessor.GetName()
	into[key] = string(accessor.GetUID()) + "@" + accessor.GetResourceVersion()
	return nil
}

func (m *mirror) start(ctx context.Context) error {
	if err := m.informer.SetTransform(dropKind); err != nil {
		return err
	}
	_, err := m.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { m.observe("add", object) },
		UpdateFunc: func(_, object any) { m.observe("update", object) },
		DeleteFunc: func(object any) { m.observe("delete", object) },
	})
	if err != nil {
		return err
	}
	go m.informer.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), m.informer.HasSynced) {
		return fmt.Errorf("never synced")
	}
	return nil
}

// observe checks that a cache never goes back in time and tells handlers a possible story.
func (m *mirror) observe(what string, object any) {
	m.count.Add(1)
	if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = last.Obj
	}
	item, ok := object.(runtime.Object)
	if !ok {
		m.fault("%s of a %T", what, object)
		return
	}
	name, number, err := versionOf(item)
	if err != nil {
		m.fault("%s: %v", what, err)
		return
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	before, exists := m.known[name]
	if exists == (what == "add") {
		m.faults = append(m.faults, fmt.Sprintf("%s of %s, known: %v", what, name, exists))
	}
	if number < before {
		m.faults = append(m.faults, fmt.Sprintf("%s of %s at %d after %d", what, name, number, before))
	}
	if what == "delete" {
		delete(m.known, name)
		return
	}
	m.known[name] = number
}

func (m *mirror) fault(format string, arguments ...any) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.faults = append(m.faults, fmt.Sprintf(format, arguments...))
}

func (m *mirror) events() int64 { return m.count.Load() }

// compare waits until cache and server agree. The server may still be changing: each attempt lists again.
func (m *mirror) compare(ctx context.Context, v *verdict) {
	difference := "never compared"
	for {
		difference = m.difference(ctx)
		if difference == "" || ctx.Err() != nil {
			break
		}
		pause(ctx, 100*time.Millisecond)
	}
	if difference != "" {
		v.fail("%s: %s", m.what, difference)
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, fault := range m.faults {
		v.fail("%s: %s", m.what, fault)
	}
	v.Compared = append(v.Compared, m.what)
}

func (m *mirror) difference(ctx context.Context) string {
	wanted, err := m.list(ctx)
	if err != nil {
		return err.Error()
	}
	held := map[string]string{}
	for _, item := range m.informer.GetStore().List() {
		if err := describe(item, held); err != nil {
			return err.Error()
		}
	}
	for key, version := range wanted {
		if held[key] != version {
			return fmt.Sprintf("%s is %s on the server and %q in the cache", key, version, held[key])
		}
		delete(held, key)
	}
	for key := range held {
		return key + " is only in the cache"
	}
	return ""
}

// restartInformers starts one fresh informer after the other while the load runs; each must sync in time.
func restartInformers(ctx context.Context, o options, c *clients, v *verdict) <-chan int64 {
	const patience = 20 * time.Second
	total := make(chan int64, 1)
	go func() {
		var done int64
		for ctx.Err() == nil {
			life, end := context.WithTimeout(context.WithoutCancel(ctx), patience)
			one := objectMirror(o, c, fmt.Sprintf("restart %d", done), o.namespace, func(*metav1.ListOptions) {})
			if err := one.start(life); err != nil {
				v.fail("%s: %v", one.what, err)
			}
			pause(ctx, 500*time.Millisecond)
			end()
			done++
		}
		total <- done
	}()
	return total
}
