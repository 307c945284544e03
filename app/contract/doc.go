// Package contract owns contracts with suppliers: the supplier chain (再委託),
// which obligations a contract names, and which people work under it by name.
package contract
