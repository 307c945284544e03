// Package edition owns what takes force together: the files of content and of
// registers, as one numbered bundle that every instance of a portal follows. It
// knows paths and bytes, and nothing of what is in them.
package edition
