// Package redact keeps the secret inputs of a resource out of what is logged
// and out of errors: a provider otherwise repeats a failed command in full.
package redact

import (
	"context"
	"slices"
	"strconv"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const blot = "[secret]"

// shortest is the length from which a secret is blotted out: shorter ones
// occur everywhere by chance, and blotting them out would tell them.
const shortest = 4

type secretsKey struct{}

// Text returns text with the secrets of ctx blotted out.
func Text(ctx context.Context, text string) string {
	replacer, ok := ctx.Value(secretsKey{}).(*strings.Replacer)
	if !ok {
		return text
	}
	return replacer.Replace(text)
}

// With returns a context that knows the secrets among the properties.
func With(ctx context.Context, properties ...property.Map) context.Context {
	var secrets []string
	for _, m := range properties {
		for _, value := range m.All {
			secrets = collect(secrets, value, false)
		}
	}
	if len(secrets) == 0 {
		return ctx
	}
	// The longest first: a secret may hold another one.
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(secrets))
	for _, secret := range slices.Compact(secrets) {
		pairs = append(pairs, secret, blot)
	}
	return context.WithValue(ctx, secretsKey{}, strings.NewReplacer(pairs...))
}

// harmless are the parts of a connection that tell nothing worth hiding; the
// connection as a whole is secret, and errors would lose the host's name.
var harmless = []string{
	"host", "port", "user", "hostKey", "agentSocketPath", "dialErrorLimit", "perDialTimeout",
}

func collect(secrets []string, value property.Value, inSecret bool) []string {
	inSecret = inSecret || value.Secret()
	switch {
	case value.IsString() && inSecret:
		secrets = add(secrets, value.AsString())
	case value.IsArray():
		for _, element := range value.AsArray().All {
			secrets = collect(secrets, element, inSecret)
		}
	case value.IsMap():
		isConnection := value.AsMap().Get("host").IsString()
		for key, element := range value.AsMap().All {
			if isConnection && slices.Contains(harmless, key) && !element.Secret() {
				continue
			}
			secrets = collect(secrets, element, inSecret)
		}
	}
	return secrets
}

// add takes the secret as it is, as %q prints it, and line by line, since
// output is shown line by line.
func add(secrets []string, secret string) []string {
	forms := append(strings.Split(secret, "\n"), secret, strings.TrimSpace(secret))
	for _, form := range forms {
		if len(form) < shortest {
			continue
		}
		secrets = append(secrets, form)
		if quoted := quote(form); quoted != form {
			secrets = append(secrets, quoted)
		}
	}
	return secrets
}

// Wrap gives every operation of a provider a context that knows the secrets of
// the resource.
func Wrap(provider p.Provider) p.Provider {
	create, update, remove, invoke := provider.Create, provider.Update, provider.Delete, provider.Invoke
	provider.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		return create(With(ctx, req.Properties), req)
	}
	provider.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		return update(With(ctx, req.Inputs, req.State), req)
	}
	provider.Delete = func(ctx context.Context, req p.DeleteRequest) error {
		return remove(With(ctx, req.Properties), req)
	}
	provider.Invoke = func(ctx context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
		return invoke(With(ctx, req.Args), req)
	}
	return provider
}

func quote(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}
