// Oracle of the apply tests: answers managed updates and server-side applies with Kubernetes' own field manager.
//
// One JSON request per line on stdin, one answer per line on stdout, in the same order.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// request is either a kind with its OpenAPI definitions (Definitions set) or one operation on it.
type request struct {
	Kind        string                  `json:"kind"`
	APIVersion  string                  `json:"apiVersion"`
	Definitions map[string]*spec.Schema `json:"definitions,omitempty"`
	HasStatus   bool                    `json:"hasStatus,omitempty"`

	Operation   string          `json:"operation,omitempty"`
	Subresource string          `json:"subresource,omitempty"`
	Manager     string          `json:"manager,omitempty"`
	Force       bool            `json:"force,omitempty"`
	Live        json.RawMessage `json:"live,omitempty"`
	Object      json.RawMessage `json:"object,omitempty"`
}

type answer struct {
	Object json.RawMessage `json:"object,omitempty"`
	// FieldsV1 of each managedFields entry in Kubernetes' own key order.
	Fields []string             `json:"fields,omitempty"`
	Error  string               `json:"error,omitempty"`
	Code   int32                `json:"code,omitempty"`
	Causes []metav1.StatusCause `json:"causes,omitempty"`
}

type endpoint struct{ apiVersion, kind, subresource string }

type oracle map[endpoint]*managedfields.FieldManager

func main() {
	managers := oracle{}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 64<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		line, err := json.Marshal(managers.serve(in.Bytes()))
		if err != nil {
			panic(err)
		}
		out.Write(line)
		out.WriteByte('\n')
	}
	if err := in.Err(); err != nil {
		panic(err)
	}
}

func (o oracle) serve(line []byte) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a = answer{Error: fmt.Sprintf("panic: %v", r), Code: 599}
		}
	}()
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return answer{Error: err.Error()}
	}
	if r.Definitions != nil {
		if err := o.define(r); err != nil {
			return answer{Error: err.Error()}
		}
		return answer{}
	}
	return o.operate(r)
}

func (o oracle) define(r request) error {
	gv, err := schema.ParseGroupVersion(r.APIVersion)
	if err != nil {
		return err
	}
	types, err := managedfields.NewTypeConverter(r.Definitions, false)
	if err != nil {
		return err
	}
	for _, subresource := range []string{"", "status"} {
		reset := fieldpath.NewSet()
		if subresource == "status" {
			reset = fieldpath.NewSet(fieldpath.MakePathOrDie("metadata"), fieldpath.MakePathOrDie("spec"))
		} else if r.HasStatus {
			reset = fieldpath.NewSet(fieldpath.MakePathOrDie("status"))
		}
		filters := fieldpath.NewExcludeFilterSetMap(map[fieldpath.APIVersion]*fieldpath.Set{
			fieldpath.APIVersion(gv.String()): reset,
		})
		version := oneVersion{gv.WithKind(r.Kind)}
		manager, err := managedfields.NewDefaultCRDFieldManager(
			types, version, version, version, gv.WithKind(r.Kind), gv, subresource, filters)
		if err != nil {
			return err
		}
		o[endpoint{r.APIVersion, r.Kind, subresource}] = manager
	}
	return nil
}

func (o oracle) operate(r request) answer {
	gv, _ := schema.ParseGroupVersion(r.APIVersion)
	manager, ok := o[endpoint{r.APIVersion, r.Kind, r.Subresource}]
	if !ok {
		return answer{Error: "unknown kind " + r.Kind}
	}
	live := &unstructured.Unstructured{Object: map[string]any{}}
	live.SetGroupVersionKind(gv.WithKind(r.Kind))
	if len(r.Live) > 0 && !bytes.Equal(r.Live, []byte("null")) {
		if err := live.UnmarshalJSON(r.Live); err != nil {
			return answer{Error: err.Error()}
		}
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(r.Object); err != nil {
		return answer{Error: err.Error()}
	}
	var result runtime.Object
	var err error
	if r.Operation == "apply" {
		result, err = manager.Apply(live, object, r.Manager, r.Force)
	} else {
		result = manager.UpdateNoErrors(live, object, r.Manager)
	}
	if err != nil {
		return failure(err)
	}
	return success(result.(*unstructured.Unstructured))
}

func failure(err error) answer {
	a := answer{Error: err.Error(), Code: 500}
	if status, ok := err.(apierrors.APIStatus); ok {
		a.Code = status.Status().Code
		if details := status.Status().Details; details != nil {
			a.Causes = details.Causes
		}
	}
	return a
}

func success(object *unstructured.Unstructured) answer {
	a := answer{}
	for _, entry := range object.GetManagedFields() {
		set := fieldpath.Set{}
		if err := set.FromJSON(bytes.NewReader(entry.FieldsV1.Raw)); err != nil {
			return answer{Error: err.Error()}
		}
		fields, err := set.ToJSON()
		if err != nil {
			return answer{Error: err.Error()}
		}
		a.Fields = append(a.Fields, string(fields))
	}
	raw, err := object.MarshalJSON()
	if err != nil {
		return answer{Error: err.Error()}
	}
	a.Object = raw
	return a
}

// oneVersion converts, defaults and creates objects of a kind that has one version and no defaults.
type oneVersion struct{ kind schema.GroupVersionKind }

func (v oneVersion) Default(runtime.Object) {}

func (v oneVersion) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(kind)
	return object, nil
}

func (v oneVersion) Convert(in, out, context any) error { return fmt.Errorf("not needed") }

func (v oneVersion) ConvertToVersion(in runtime.Object, target runtime.GroupVersioner) (runtime.Object, error) {
	if kind, ok := target.KindForGroupVersionKinds([]schema.GroupVersionKind{v.kind}); ok && kind == v.kind {
		return in, nil
	}
	return nil, runtime.NewNotRegisteredErrForTarget("oracle", nil, target)
}

func (v oneVersion) ConvertFieldLabel(schema.GroupVersionKind, string, string) (string, string, error) {
	return "", "", fmt.Errorf("not needed")
}
