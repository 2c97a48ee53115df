// Command vault is HashiCorp Vault, built from its published Go module.
//
// leaseproof runs real servers. Where no Vault binary is installed, ci/servers/vault/build builds this one on the
// user's own machine. Vault is licensed under BUSL-1.1; nothing built here is redistributed.
package main

import (
	"os"

	"github.com/hashicorp/vault/command"
)

func main() {
	os.Exit(command.Run(os.Args[1:]))
}
