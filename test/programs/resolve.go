// resolve KIND NAME: asks Go's own resolver, and prints one line (see README.md).
// Kinds: any (both families at once), v4, v6, ptr (NAME is an address), srv.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		os.Exit(2)
	}
	found, err := resolve(&net.Resolver{PreferGo: true}, os.Args[1], os.Args[2])
	var failure *net.DNSError
	switch {
	case err == nil:
		sort.Strings(found)
		fmt.Println(strings.Join(found, " "))
	case errors.As(err, &failure) && failure.IsNotFound:
		fmt.Println("none")
	case errors.As(err, &failure) && failure.Temporary():
		fmt.Println("again")
	default:
		fmt.Println(err)
	}
}

func resolve(resolver *net.Resolver, kind, name string) ([]string, error) {
	ctx := context.Background()
	switch kind {
	case "any":
		return resolver.LookupHost(ctx, name)
	case "v4", "v6":
		addresses, err := resolver.LookupIP(ctx, "ip"+kind[1:], name)
		found := []string{}
		for _, address := range addresses {
			found = append(found, address.String())
		}
		return found, err
	case "ptr":
		names, err := resolver.LookupAddr(ctx, name)
		for index, each := range names {
			names[index] = strings.TrimSuffix(each, ".")
		}
		return names, err
	case "srv":
		_, services, err := resolver.LookupSRV(ctx, "", "", name)
		found := []string{}
		for _, service := range services {
			found = append(found, fmt.Sprintf("%s:%d", strings.TrimSuffix(service.Target, "."), service.Port))
		}
		return found, err
	}
	return nil, fmt.Errorf("no kind %s", kind)
}
