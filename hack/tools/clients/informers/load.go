package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"sync"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

const tierLabel = "load.example.com/tier"

var tiers = []string{"gold", "silver"}

// write is one change the server acknowledged.
type write struct {
	event           watch.EventType
	name            string
	resourceVersion string
}

// load writes objects of which each belongs to one writer, so that the order per name is known.
type load struct {
	options options
	client  dynamic.ResourceInterface
	lock    sync.Mutex
	writes  []write
	// Writes whose answer does not say the resource version: deletes.
	serial atomic.Int64
}

func newLoad(o options, client dynamic.ResourceInterface) *load {
	return &load{options: o, client: client}
}

func (l *load) name(number int) string { return fmt.Sprintf("informers-%04d", number) }

func (l *load) object(number int) *unstructured.Unstructured {
	object := l.options.template.DeepCopy()
	object.SetName(l.name(number))
	object.SetNamespace(l.options.namespace)
	object.SetLabels(map[string]string{tierLabel: tiers[number%len(tiers)]})
	return object
}

// fill creates the first half of the names, before anything is watched.
func (l *load) fill(ctx context.Context) error {
	for number := range l.options.objects {
		if number%2 == 1 {
			continue
		}
		if _, err := l.client.Create(ctx, l.object(number), metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create: %w", err)
		}
	}
	return nil
}

func (l *load) clear(ctx context.Context) error {
	return l.client.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: tierLabel})
}

func (l *load) run(ctx context.Context, v *verdict) {
	var all sync.WaitGroup
	for writer := range l.options.writers {
		all.Add(1)
		go func() {
			defer all.Done()
			l.write(ctx, writer, v)
		}()
	}
	all.Wait()
	for _, one := range l.written() {
		v.Writes[string(one.event)]++
	}
}

func (l *load) write(ctx context.Context, writer int, v *verdict) {
	random := rand.New(rand.NewSource(int64(writer)))
	exists := map[int]bool{}
	for number := writer; number < l.options.objects; number += l.options.writers {
		exists[number] = number%2 == 0
	}
	for ctx.Err() == nil {
		number := writer + l.options.writers*random.Intn(len(exists))
		// A write that was sent is always waited for, or nobody knows whether it happened.
		err := l.change(context.WithoutCancel(ctx), random, number, exists)
		if err != nil {
			v.fail("write of %s: %v", l.name(number), err)
			return
		}
	}
}

func (l *load) change(ctx context.Context, random *rand.Rand, number int, exists map[int]bool) error {
	const oneIn = 6
	switch {
	case !exists[number]:
		object, err := l.client.Create(ctx, l.object(number), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		exists[number] = true
		l.note(watch.Added, object.GetName(), object.GetResourceVersion())
	case random.Intn(oneIn) == 0:
		if err := l.client.Delete(ctx, l.name(number), metav1.DeleteOptions{}); err != nil {
			return err
		}
		exists[number] = false
		l.note(watch.Deleted, l.name(number), "")
	default:
		return l.update(ctx, random, number)
	}
	return nil
}

// update changes an object by a patch or by read and replace, and its selected label now and then.
func (l *load) update(ctx context.Context, random *rand.Rand, number int) error {
	serial := fmt.Sprint(l.serial.Add(1))
	tier := tiers[random.Intn(len(tiers))]
	if random.Intn(2) == 0 {
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			"labels": map[string]string{tierLabel: tier}, "annotations": map[string]string{"serial": serial},
		}})
		if err != nil {
			return err
		}
		object, err := l.client.Patch(ctx, l.name(number), types.MergePatchType, patch, metav1.PatchOptions{})
		if err != nil {
			return err
		}
		l.note(watch.Modified, object.GetName(), object.GetResourceVersion())
		return nil
	}
	for {
		object, err := l.client.Get(ctx, l.name(number), metav1.GetOptions{})
		if err != nil {
			return err
		}
		object.SetAnnotations(map[string]string{"serial": serial})
		object.SetLabels(map[string]string{tierLabel: tier})
		updated, err := l.client.Update(ctx, object, metav1.UpdateOptions{})
		// A controller of the server may write in between.
		if apierrors.IsConflict(err) {
			continue
		}
		if err != nil {
			return err
		}
		l.note(watch.Modified, updated.GetName(), updated.GetResourceVersion())
		return nil
	}
}

func (l *load) note(event watch.EventType, name, resourceVersion string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.writes = append(l.writes, write{event, name, resourceVersion})
}

// written lists the acknowledged writes; those of one name are in order.
func (l *load) written() []write {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.writes
}
